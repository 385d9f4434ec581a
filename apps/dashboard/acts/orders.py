"""Cancel orders and close positions: the words of their dialogs, and the acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from apps.bots.domain.stages import REAL_MONEY
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.errors import Conflict
from apps.dashboard.acts.prompts import Answer, Prompt
from apps.dashboard.domain import formats
from apps.dashboard.domain.live import version
from apps.dashboard.domain.preview import placed_lines
from apps.dashboard.domain.terms import TYPE_WORDS, role_of
from apps.dashboard.domain.words import explain
from apps.dashboard.queries.effects import plural
from apps.dashboard.queries.orders import FILTERS, matching
from apps.orders.actions.cancel_orders import ORDERS_MAX, cancel_group, cancel_orders
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Order, OrderGroup
from apps.trading.actions.close_position import close_position
from apps.trading.domain.places import Place

DURABLE: Final = "The cancel is kept and tried until the venue confirms it; a fill may overtake it."
COMES_BACK: Final = "A stop that still protects a holding comes back at once."


class Refused(Conflict):
    """The judge refused it when it was done."""

    default_code = "ORDER_DENIED"


def phrase_of(bot: Bot) -> str:
    """Return what must be typed for an act on this bot: its name, on real money."""
    return bot.slug if bot.stage in REAL_MONEY else ""


def cancel_prompt(order: Order) -> Prompt:
    """Return the dialog that cancels one order."""
    step, base = order.instrument.amount_step, order.instrument.base
    rest = formats.amount(order.amount - order.filled, step)
    lines = [
        f"{TYPE_WORDS[order.type]}, {role_of(purpose=order.purpose, type=order.type)}: {rest} {base} of it are open.",
        f"What has filled stays: {formats.amount(order.filled, step)} {base}.",
        COMES_BACK if order.purpose == "protect" else "Stops and other orders stay.",
        DURABLE,
    ]
    phrase = phrase_of(order.bot)
    return Prompt(
        title=f"Cancel {order.client_order_id[:8]} of {order.bot.slug}", verb="Cancel the order",
        lines=tuple(lines), needs_reason=True, level=2 if phrase else 1, phrase=phrase,
    )  # fmt: skip


def chosen_orders(sent: QueryDict) -> QuerySet[Order]:
    """Return the unfinished orders meant by `order` ids, or by filters without protective orders."""
    open_now = Order.objects.filter(status__in=UNFINISHED, cancel_requested_at=None)
    if names := sent.getlist("order"):
        return open_now.filter(client_order_id__in=names[:ORDERS_MAX])
    matched = matching(sent).exclude(purpose="protect").values("pk")
    return open_now.filter(pk__in=matched)


def many_prompt(rows: Sequence[Any], sent: QueryDict) -> Prompt:
    """Return the dialog that cancels a set; `rows` are (id, bot slug, stage, purpose) of now."""
    bots = sorted({slug for _, slug, _, _ in rows})
    money = sum(stage in REAL_MONEY for _, _, stage, _ in rows)
    stops = sum(purpose == "protect" for *_, purpose in rows)
    count = plural(len(rows), "order")
    more = f" and {len(bots) - 3} more" if len(bots) > 3 else ""
    return Prompt(
        title=f"Cancel {count}", verb=f"Cancel {count}",
        lines=(
            f"{count} of {plural(len(bots), 'bot')}: {', '.join(bots[:3])}{more}.",
            f"{money} of them on real money." if money else "None of them on real money.",
            f"{plural(stops, 'protective order')} among them. {COMES_BACK}" if stops
            else "Protective orders stay.",
            DURABLE,
        ),
        needs_reason=True, level=2, phrase=f"CANCEL {len(rows)}" if money else "",
        fingerprint=version([str(pk) for pk, *_ in rows]),
        fields={name: sent.getlist(name) for name in ("order", *FILTERS) if sent.get(name)},
    )  # fmt: skip


def bot_prompt(bot: Bot, ids: Sequence[UUID]) -> Prompt:
    """Return the dialog that cancels all entries and exits of a bot."""
    count, phrase = plural(len(ids), "order"), phrase_of(bot)
    lines = (f"{count} of {bot.slug}: every entry and exit that is open.",
             "Its protective orders stay at the venue.", "The bot goes on and may order again.",
             DURABLE)  # fmt: skip
    return Prompt(
        title=f"Cancel all orders of {bot.slug}", verb=f"Cancel {count}", lines=lines,
        needs_reason=True, level=2, phrase=phrase, fingerprint=version([str(i) for i in ids]),
    )  # fmt: skip


def group_prompt(group: OrderGroup, open_legs: int) -> Prompt:
    """Return the dialog that ends a group."""
    phrase = phrase_of(group.bot)
    return Prompt(
        title=f"End the {group.kind} of {group.bot.slug} in {group.instrument.symbol}",
        verb="End the group",
        lines=(
            f"{plural(open_legs, 'entry or target', 'entries and targets')} of it will be cancelled.",
            "The stop stays, and follows the bot's config again.",
        ),
        needs_reason=True, level=2 if phrase else 1, phrase=phrase,
    )  # fmt: skip


def close_prompt(place: Place, actor: Actor) -> Prompt:
    """Return the dialog that closes a position at market, with what the judge says now.

    :raises Conflict: `NOTHING_TO_CLOSE`.
    """
    tried = close_position(
        actor=actor, bot_id=place.bot_id, instrument_id=place.instrument_id, reason="preview",
        dry_run=True,
    )  # fmt: skip
    told = [f"It would be refused. {explain(item)}" for item in tried.refusals]
    phrase = place.slug if place.stage in REAL_MONEY else ""
    lines = (
        *placed_lines(tried.proposal, symbol=place.symbol, tick=place.rules.price_tick),
        "The stop that locks it is ended first, and its targets are cancelled.",
        "What the bot is meant to hold falls by as much: no cycle buys it back at once.",
        *(told or ["✓ The judge would let it pass."]),
    )
    return Prompt(
        title=f"Close {place.symbol} of {place.slug} at market", verb="Close at market", lines=lines,
        needs_reason=True, level=2 if phrase else 1, phrase=phrase,
        fingerprint=version(str(tried.proposal.get("amount"))),
    )  # fmt: skip


def perform_cancel(*, actor: Actor, ids: Sequence[UUID], answer: Answer) -> str:
    """Ask for the cancels."""
    done = cancel_orders(actor=actor, order_ids=list(ids), reason=answer.reason)
    ring("orders")
    return f"{plural(len(done), 'order')} being cancelled."


def perform_cancel_of_bot(*, actor: Actor, bot: Bot, answer: Answer) -> str:
    """Ask for the cancels of all that is not protective."""
    done = cancel_orders(actor=actor, bot_id=bot.pk, reason=answer.reason)
    ring("orders", f"bot:{bot.pk}")
    return f"{plural(len(done), 'order')} of {bot.slug} being cancelled."


def perform_end_group(*, actor: Actor, group: OrderGroup, answer: Answer) -> str:
    """End the group."""
    done = cancel_group(actor=actor, group_id=group.pk, reason=answer.reason)
    ring("orders", f"bot:{group.bot_id}")
    return f"The group has ended; {plural(len(done), 'order')} being cancelled."


def perform_close(*, actor: Actor, place: Place, answer: Answer, request_id: str) -> str:
    """Close it.

    :raises Refused: the judge says no; the refusal is recorded.
    """
    placed = close_position(
        actor=actor, bot_id=place.bot_id, instrument_id=place.instrument_id, reason=answer.reason,
        request_id=request_id,
    )  # fmt: skip
    if placed.refusals:
        told = " ".join(explain(item) for item in placed.refusals)
        raise Refused(placed.refusals[0]["code"], message=told)
    return f"{place.slug} closes {place.symbol} at market."
