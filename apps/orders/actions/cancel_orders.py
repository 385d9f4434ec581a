"""Cancel orders by hand: some by name, or all entries and exits of a bot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput, NotFound
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Order, OrderGroup

ORDERS_MAX: Final = 500


def cancel_orders(
    *, actor: Actor, reason: str, order_ids: Sequence[UUID] = (), bot_id: UUID | None = None,
    dry_run: bool = False,
) -> list[UUID]:  # fmt: skip
    """Ask for orders to be cancelled and return which were unfinished.

    By name anything may be cancelled; all of a bot never means its protective orders. What still
    protects a holding comes back: a position is never left without its stop.

    :raises InvalidInput: `REASON_REQUIRED`, `NOTHING_NAMED`, `TOO_MANY_ORDERS`.
    :raises NotFound: `UNKNOWN_ORDER`, with the ids that do not exist.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    if not order_ids and bot_id is None:
        raise InvalidInput("NOTHING_NAMED", field="order_ids")
    if len(order_ids) > ORDERS_MAX:
        raise InvalidInput("TOO_MANY_ORDERS", field="order_ids", limit=ORDERS_MAX)
    found = Order.objects.filter(id__in=order_ids)
    if order_ids:
        known = set(found.values_list("id", flat=True))
        if missing := sorted(str(i) for i in set(order_ids) - known):
            raise NotFound("UNKNOWN_ORDER", field="order_ids", value=missing)
    if bot_id is not None:
        rows = Order.objects.filter(bot_id=bot_id).exclude(purpose="protect")
        found = rows.filter(id__in=order_ids) if order_ids else rows
    unfinished = list(
        found.filter(status__in=UNFINISHED).order_by("id").values_list("id", "client_order_id")
    )
    ids = [order_id for order_id, _ in unfinished]
    if dry_run or not ids:
        return ids
    with transaction.atomic():
        request_cancels(order_ids=ids, actor=actor, cause="by_hand")
        for order_id, name in unfinished:
            subject = ("orders_order", str(order_id), name)
            record(actor=actor, verb="order.cancel", subject=subject, reason=reason)
    return ids


def cancel_group(*, actor: Actor, group_id: UUID, reason: str) -> list[UUID]:
    """Take a group's own terms away and cancel its entry and its target.

    The stop stays, and follows the bot's config again. Returns the orders asked to be cancelled.

    :raises InvalidInput: `REASON_REQUIRED`.
    :raises NotFound: `UNKNOWN_GROUP`.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    with transaction.atomic():
        group = OrderGroup.objects.select_for_update().filter(id=group_id).first()
        if group is None:
            raise NotFound("UNKNOWN_GROUP", group=str(group_id))
        legs = group.orders.filter(status__in=UNFINISHED).exclude(
            purpose="protect", type__in=["stop_market", "stop_limit", "trailing_stop_market"]
        )
        ids = list(legs.order_by("id").values_list("id", flat=True))
        if group.state == "open":
            OrderGroup.objects.filter(id=group_id).update(
                state="canceled", ended_at=now(), terms={}
            )
            request_cancels(order_ids=ids, actor=actor, cause="group_canceled")
            subject = ("orders_ordergroup", str(group_id), group.bot.slug)
            record(actor=actor, verb="group.cancel", subject=subject, reason=reason)
    return ids
