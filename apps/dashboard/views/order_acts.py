"""Acts on orders and positions: place, amend, cancel, close."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.core.errors import NotFound
from apps.dashboard.access import actor_of, requires
from apps.dashboard.acts import orders as acts
from apps.dashboard.domain.preview import exit_lines, placed_lines
from apps.dashboard.domain.terms import order_words
from apps.dashboard.order_forms import AmendForm, NewOrderForm
from apps.dashboard.queries.bot import bot_named
from apps.dashboard.queries.order import order_named
from apps.dashboard.queries.tradable import bots_to_trade, tradable_of
from apps.dashboard.views.acting import act
from apps.dashboard.views.asking import Ask, ask
from apps.golive.actions.order_by_hand import order_by_hand
from apps.orders.actions.cancel_orders import ORDERS_MAX, cancel_orders
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Order, OrderGroup
from apps.trading.actions.amend_order import amend_order
from apps.trading.actions.place_group import place_group
from apps.trading.actions.place_manual import Placed, place_of

BOTH = ("GET", "HEAD", "POST")
SECOND_PERSON = "An entry on real money: it becomes a change request, and goes out when a risk manager agrees within 15 minutes."
SET_COLUMNS = ("pk", "bot__slug", "bot__stage", "purpose")


@requires("place_orders", methods=BOTH)
def new_order(request: HttpRequest) -> HttpResponse:
    """Ask for the bot first, then for the terms of an order, bracket or pair of exits."""
    slug = request.GET.get("bot", "").strip()
    if not slug:
        page = "acts/bot.html" if request.headers.get("HX-Request") else "acts/bot_page.html"
        return render(request, page, {"bots": bots_to_trade()})
    bot = bot_named(slug)
    instruments = tradable_of(bot)
    if not instruments:
        raise NotFound("BOT_HAS_NO_CONFIG", bot=slug)
    initial = {name: request.GET[name] for name in ("what", "instrument", "side") if name in request.GET}  # fmt: skip
    form = NewOrderForm(request.POST or None, instruments=instruments, initial=initial)
    lines = (f"{bot.slug} on {bot.stage.replace('_', ' ')}, account {bot.account.slug} at {bot.account.venue}.",
             "It goes through the same judge, sender and books as every order of the bot.")  # fmt: skip
    wanted = Ask(
        title=f"New order for {bot.slug}", verb="Place it", lines=lines, form=form,
        perform=lambda dry_run: _place(request, bot, form, dry_run=dry_run),
        preview=lambda placed: _words_of(form, placed),
        told=lambda placed: _told(bot, placed), back=f"/bots/{bot.slug}/",
        phrase=acts.phrase_of(bot), query=f"bot={bot.slug}",
    )  # fmt: skip
    return ask(request, wanted)


@requires("place_orders", methods=BOTH)
def amend(request: HttpRequest, client_order_id: str) -> HttpResponse:
    """Change the terms of an open order."""
    order = order_named(client_order_id)
    instrument = order.instrument
    tick, home = instrument.price_tick, f"/orders/{client_order_id}/"
    form = AmendForm(request.POST or None, order=order)
    names = ("side", "type", "amount", "price", "stop_price", "trailing_rate", "time_in_force", "expires_at", "post_only", "reduce_only")  # fmt: skip
    now_words = order_words({n: getattr(order, n) for n in names}, symbol=instrument.symbol, tick=tick)  # fmt: skip
    lines = (f"Now: {now_words}.", f"Filled so far: {order.filled.normalize():f} {instrument.base}.",
             "The venue edits it where it can; else it is cancelled and what is left is placed anew.")  # fmt: skip
    wanted = Ask(
        title=f"Amend {client_order_id[:8]} of {order.bot.slug}", verb="Amend it", lines=lines, form=form,
        perform=lambda dry_run: amend_order(
            actor=actor_of(request), order_id=order.pk, terms=form.terms(),
            reason=form.cleaned_data["reason"], dry_run=dry_run,
        ),
        preview=lambda placed: _amended(order, placed),
        told=lambda placed: ("The amendment is recorded.", _address_of(placed, home)),
        back=home, phrase=acts.phrase_of(order.bot),
    )  # fmt: skip
    return ask(request, wanted)


@requires("close_positions", methods=BOTH)
def cancel(request: HttpRequest, client_order_id: str) -> HttpResponse:
    """Cancel one order."""
    order = order_named(client_order_id)
    back = f"/orders/{client_order_id}/"
    if order.status not in UNFINISHED:
        messages.info(request, "The order has ended already.")
        return redirect(back)
    return act(
        request, prompt=acts.cancel_prompt(order), back=back,
        perform=lambda answer: acts.perform_cancel(
            actor=actor_of(request), ids=[order.pk], answer=answer
        ),
    )  # fmt: skip


@requires("close_positions", methods=BOTH)
def cancel_many(request: HttpRequest) -> HttpResponse:
    """Cancel the chosen orders, or all that fit the filters; counted anew when it is done."""
    sent: QueryDict = request.POST if request.method == "POST" else request.GET
    found = acts.chosen_orders(sent).order_by("pk")
    rows = list(found.values_list(*SET_COLUMNS)[:ORDERS_MAX])
    if not rows:
        messages.info(request, "No open order is among them.")
        return redirect("/orders/")
    ids = [row[0] for row in rows]
    return act(
        request, prompt=acts.many_prompt(rows, sent), back="/orders/?show=open",
        perform=lambda answer: acts.perform_cancel(actor=actor_of(request), ids=ids, answer=answer),
    )  # fmt: skip


@requires("close_positions", methods=BOTH)
def cancel_of_bot(request: HttpRequest, slug: str) -> HttpResponse:
    """Cancel every entry and exit of a bot."""
    bot, actor = bot_named(slug), actor_of(request)
    ids = cancel_orders(actor=actor, bot_id=bot.pk, reason="preview", dry_run=True)
    if not ids:
        messages.info(request, f"{slug} has no open entry or exit.")
        return redirect(f"/bots/{slug}/")
    return act(
        request, prompt=acts.bot_prompt(bot, ids), back=f"/bots/{slug}/",
        perform=lambda answer: acts.perform_cancel_of_bot(actor=actor, bot=bot, answer=answer),
    )  # fmt: skip


@requires("close_positions", methods=BOTH)
def end_group(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """End a group: its entry and target go, its stop stays.

    :raises NotFound: there is no such group.
    """
    group = OrderGroup.objects.select_related("bot", "instrument").filter(pk=group_id).first()
    if group is None:
        raise NotFound("UNKNOWN_GROUP", group=str(group_id))
    legs = group.orders.filter(status__in=UNFINISHED).exclude(purpose="protect", price=None).count()
    return act(
        request, prompt=acts.group_prompt(group, legs), back=f"/bots/{group.bot.slug}/",
        perform=lambda answer: acts.perform_end_group(
            actor=actor_of(request), group=group, answer=answer
        ),
    )  # fmt: skip


@requires("close_positions", methods=BOTH)
def close(request: HttpRequest, slug: str, instrument_id: int) -> HttpResponse:
    """Close what a bot holds of one instrument, at market."""
    place, actor = place_of(bot_named(slug).pk, instrument_id), actor_of(request)
    return act(
        request, prompt=acts.close_prompt(place, actor), back=f"/bots/{slug}/",
        perform=lambda answer: acts.perform_close(
            actor=actor, place=place, answer=answer, request_id=_request_id(request)
        ),
    )  # fmt: skip


def _request_id(request: HttpRequest) -> str:
    """Name the request by the form that was sent: the same form places one order."""
    return f"{request.user.pk}:{request.POST.get('submission', '')[:32]}"


def _place(request: HttpRequest, bot: Bot, form: NewOrderForm, *, dry_run: bool) -> Placed:
    actor, reason = actor_of(request), form.cleaned_data["reason"]
    if form.cleaned_data["what"] == "order":
        return order_by_hand(
            actor=actor, user=cast(User, request.user), bot_id=bot.pk,
            terms=form.terms(_request_id(request)), reason=reason, dry_run=dry_run,
        )  # fmt: skip
    terms = form.group_terms(_request_id(request))
    return place_group(actor=actor, bot_id=bot.pk, terms=terms, reason=reason, dry_run=dry_run)


def _words_of(form: NewOrderForm, placed: Placed) -> list[str]:
    row, what = form.chosen, form.cleaned_data["what"]
    if what == "oco":
        return exit_lines(form.group_terms("").as_texts(), tick=row.price_tick)
    told = placed_lines(
        placed.proposal, symbol=row.symbol, tick=row.price_tick, reserved=placed.reserved_cost,
        quote=row.quote,
    )  # fmt: skip
    if what == "order":
        return [*told, SECOND_PERSON] if placed.needs_second_person else told
    exits = form.group_terms("").as_texts()
    return [*told, *exit_lines(exits, tick=row.price_tick, held="what has filled")]


def _amended(order: Order, placed: Placed) -> list[str]:
    row = order.instrument
    if "type" not in placed.proposal:
        return exit_lines(placed.proposal, tick=row.price_tick)
    return placed_lines(
        placed.proposal, symbol=row.symbol, tick=row.price_tick, reserved=placed.reserved_cost,
        quote=row.quote,
    )  # fmt: skip


def _address_of(placed: Placed, home: str) -> str:
    if placed.order_id is None:
        return home
    return f"/orders/{Order.objects.values_list('client_order_id', flat=True).get(pk=placed.order_id)}/"


def _told(bot: Bot, placed: Placed) -> tuple[str, str]:
    if placed.request:
        return (
            f"{placed.request} asks for the second person.",
            f"/approvals/{int(placed.request[3:])}/",
        )
    words = "The order is recorded and goes out at once." if placed.order_id else "The exits are recorded; they go out at once."  # fmt: skip
    return words, _address_of(placed, f"/bots/{bot.slug}/")
