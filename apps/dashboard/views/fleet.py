"""The fleet page and the strip of the frame."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from apps.bots.domain.lifecycle import STATES
from apps.bots.domain.stages import STAGES
from apps.dashboard.access import requires, signed_in
from apps.dashboard.queries.fleet import read_fleet
from apps.dashboard.queries.pages import slice_of

BOTS_SHOWN = 200
FILTERS = ("state", "stage", "account", "strategy", "q")
PARTS = {"bots": "fleet/bots.html", "attention": "fleet/attention.html"}


@requires("view_desk")
def fleet(request: HttpRequest) -> HttpResponse:
    """Show every bot, problems first; `?part=` asks for one region alone."""
    found = read_fleet()
    rows = filtered(found.rows, request.GET)
    context = {
        "fleet": found,
        "live": found.live.values,
        "list": slice_of(rows, request.GET, size=BOTS_SHOWN),
        "count": len(rows),
        "chosen": {name: request.GET.get(name, "") for name in FILTERS},
        "states": STATES,
        "stages": STAGES,
        "accounts": sorted({row["account_slug"] for row in found.rows}),
        "strategies": sorted({row["strategy"] for row in found.rows if row["strategy"]}),
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "query": without_part(request.GET),
    }
    return render(request, PARTS.get(request.GET.get("part", ""), "fleet/page.html"), context)


@signed_in
def strip(request: HttpRequest) -> HttpResponse:
    """Return the stage strip alone."""
    return render(request, "components/strip.html")


def filtered(rows: list[dict[str, Any]], chosen: QueryDict) -> list[dict[str, Any]]:
    """Return the bots that fit the filters in the address."""
    exact = {"state": "state", "stage": "stage", "account": "account_slug", "strategy": "strategy"}
    for name, column in exact.items():
        if wanted := chosen.get(name):
            rows = [row for row in rows if row[column] == wanted]
    if text := chosen.get("q", "").strip().lower():
        rows = [
            row
            for row in rows
            if text in f"{row['slug']} {row['name']} {' '.join(row['symbols'])}".lower()
        ]
    return rows


def without_part(parameters: QueryDict) -> str:
    """Return the query string without `part`, so that a region asks for itself with the same filters."""
    kept = parameters.copy()
    kept.pop("part", None)
    return kept.urlencode()
