"""Orders, fills, and the whole story of one order."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.dashboard.access import requires
from apps.dashboard.queries import orders as reads
from apps.dashboard.queries.order import read_order, seen_of
from apps.dashboard.queries.pages import page_of
from apps.dashboard.views.fleet import without_part
from apps.orders.domain.lifecycle import PURPOSES, UNFINISHED


@requires("view_desk")
def order_list(request: HttpRequest) -> HttpResponse:
    """Show orders, newest first, by saved filter."""
    context = {
        "list": page_of(reads.orders(request.GET), request.GET),
        "saved": [(name, words) for name, (words, _) in reads.SAVED.items()],
        "chosen": {name: request.GET.get(name, "") for name in reads.FILTERS},
        "purposes": PURPOSES,
        "unfinished": UNFINISHED,
        "is_filtered": any(request.GET.get(name) for name in reads.FILTERS),
        "query": without_part(request.GET),
        "live": {},
        "versions": reads.read_orders_live().versions,
    }
    part = request.GET.get("part") == "orders"
    return render(request, "orders/list.html" if part else "orders/page.html", context)


@requires("view_desk")
def fill_list(request: HttpRequest) -> HttpResponse:
    """Show fills, newest first."""
    context = {
        "list": page_of(reads.fills(request.GET), request.GET),
        "chosen": {name: request.GET.get(name, "") for name in reads.FILTERS},
        "is_filtered": any(request.GET.get(name) for name in reads.FILTERS),
        "query": without_part(request.GET),
        "live": {},
        "versions": reads.read_orders_live().versions,
    }
    part = request.GET.get("part") == "orders"
    return render(request, "orders/fill_list.html" if part else "orders/fills.html", context)


@requires("view_desk")
def order(request: HttpRequest, client_order_id: str) -> HttpResponse:
    """Show one order from its cycle to its journal lines."""
    story = read_order(client_order_id)
    found = story.order
    symbol, is_flagged = found.instrument.symbol, found.cancel_requested_at is not None
    context = {
        "story": story,
        "order": found,
        "seen": seen_of(story.cycle, symbol, "seen"),
        "wanted": seen_of(story.cycle, symbol, "wanted"),
        "can_amend": found.status in {"open", "partially_filled"} and not is_flagged,
        "can_cancel": found.status in UNFINISHED and not is_flagged,
        "live": {},
        "versions": reads.read_orders_live().versions,
    }
    part = request.GET.get("part") == "orders"
    return render(request, "orders/story.html" if part else "orders/order.html", context)
