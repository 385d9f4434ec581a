"""Write the progress that facts gave to orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import connection

from apps.orders.actions.write_events import Happening, write_events
from apps.orders.domain.lifecycle import FINAL, TIME_OVER
from apps.orders.domain.rows import Advanced

_UPDATE: Final = """
UPDATE orders_order o SET
    status = u.status, filled = u.filled, cost = u.cost, venue_status = u.venue_status,
    venue_filled = u.venue_filled, venue_order_id = u.venue_order_id,
    status_reason = CASE WHEN u.status = o.status THEN o.status_reason
        WHEN u.status = 'rejected' THEN 'REJECTED_BY_VENUE'
        WHEN u.status IN ('canceled', 'expired') AND o.type = 'market' AND o.worst_price IS NOT NULL
            AND o.cancel_requested_at IS NULL AND u.filled < o.amount THEN 'SLIPPAGE_GUARD'
        WHEN u.status <> 'filled' AND o.cancel_requested_at IS NOT NULL THEN o.status_reason
        ELSE '' END,
    acknowledged_at = coalesce(o.acknowledged_at, %s),
    first_fill_at = CASE WHEN u.filled > 0 THEN coalesce(o.first_fill_at, %s)
        ELSE o.first_fill_at END,
    ended_at = CASE WHEN u.status = ANY(%s) THEN coalesce(o.ended_at, %s) END
FROM unnest(%s::uuid[], %s::text[], %s::numeric[], %s::numeric[], %s::text[], %s::numeric[],
    %s::text[]) u(id, status, filled, cost, venue_status, venue_filled, venue_order_id)
WHERE o.id = u.id
"""
_SENT_BEFORE_RESTORE: Final = """
UPDATE orders_order SET status = 'submitted', fence = fence + 1, submitted_at = %s
WHERE id = ANY(%s)
"""


def advance_orders(*, advanced: Sequence[Advanced], at: datetime) -> None:
    """Store each order's new sums and status, with an event for each step of its path.

    The caller holds the rows' locks and has read them in this transaction.
    """
    if not advanced:
        return
    advanced = _expired(advanced)
    rows = [(a.order.id, a.step.after) for a in advanced]
    unsent = [a.order.id for a in advanced if a.step.path[:1] == ("submitted",)]
    with connection.cursor() as cursor:
        if unsent:
            cursor.execute(_SENT_BEFORE_RESTORE, [at, unsent])
        cursor.execute(
            _UPDATE,
            [
                at,
                at,
                list(FINAL),
                at,
                [order_id for order_id, _ in rows],
                [after.status for _, after in rows],
                [after.filled for _, after in rows],
                [after.cost for _, after in rows],
                [after.venue_status for _, after in rows],
                [after.venue_filled for _, after in rows],
                [after.venue_order_id for _, after in rows],
            ],
        )
    write_events(happenings=[h for a in advanced for h in _happenings(a)], at=at)


def _expired(advanced: Sequence[Advanced]) -> Sequence[Advanced]:
    """Return `advanced` with `expired` for what the desk cancelled because its time was over."""
    canceled = [a.order.id for a in advanced if a.step.path[-1:] == ("canceled",)]
    if not canceled:
        return advanced
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM orders_order WHERE id = ANY(%s) AND status_reason = %s",
            [canceled, TIME_OVER],
        )
        late = {row[0] for row in cursor.fetchall()}
    return [_ended_by_time(a) if a.order.id in late else a for a in advanced]


def _ended_by_time(advanced: Advanced) -> Advanced:
    step = advanced.step
    after = replace(step.after, status="expired")
    return Advanced(advanced.order, replace(step, after=after, path=(*step.path[:-1], "expired")))


def _happenings(advanced: Advanced) -> list[Happening]:
    before = advanced.order.progress.status
    found = []
    for after in advanced.step.path:
        found.append(Happening(advanced.order.id, before, after, "venue"))
        before = after
    return found
