"""Ask for orders to be cancelled: durable, so that the asking survives any process."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.domain.lifecycle import UNFINISHED


def request_cancels(
    *, order_ids: Sequence[UUID], actor: Actor, cause: str, reason: str = ""
) -> int:
    """Flag unfinished orders for cancelling and return how many were newly flagged.

    A `created` one is withdrawn at once. One in transit or unknown keeps its flag and is cancelled
    when it shows; `send_cancels` does the sending. `reason` (a code) stays with the order.
    """
    if not order_ids:
        return 0
    at = now()
    detail = {"actor": actor.name, "actor_id": actor.id, "actor_kind": actor.kind}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE orders_order o SET cancel_requested_at = %s FROM ("
                " SELECT id FROM orders_order WHERE id = ANY(%s) AND status = ANY(%s)"
                " AND cancel_requested_at IS NULL ORDER BY id FOR NO KEY UPDATE) w WHERE o.id = w.id",
                [at, list(order_ids), list(UNFINISHED)],
            )
            flagged = int(cursor.rowcount)
        unsent = [
            Move(i, "withdrawn", cause, reason=reason or "CANCEL_REQUESTED", detail=detail)
            for i in order_ids
        ]
        move_orders(moves=unsent, before=("created",), at=at)
        resting = [
            Move(i, "pending_cancel", cause, reason=reason, detail=detail) for i in order_ids
        ]
        move_orders(moves=resting, before=("open", "partially_filled"), at=at)
    return flagged
