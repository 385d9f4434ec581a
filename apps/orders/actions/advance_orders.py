"""Write the progress that facts gave to orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from apps.orders.actions.write_events import Happening, write_events
from apps.orders.domain.lifecycle import FINAL
from apps.orders.domain.rows import Advanced

_UPDATE: Final = """
UPDATE orders_order o SET
    status = u.status, filled = u.filled, cost = u.cost, venue_status = u.venue_status,
    venue_filled = u.venue_filled, venue_order_id = u.venue_order_id,
    status_reason = CASE WHEN u.status = o.status THEN o.status_reason
        WHEN u.status = 'rejected' THEN 'REJECTED_BY_VENUE' ELSE '' END,
    acknowledged_at = coalesce(o.acknowledged_at, %s),
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
    rows = [(a.order.id, a.step.after) for a in advanced]
    unsent = [a.order.id for a in advanced if a.step.path[:1] == ("submitted",)]
    with connection.cursor() as cursor:
        if unsent:
            cursor.execute(_SENT_BEFORE_RESTORE, [at, unsent])
        cursor.execute(
            _UPDATE,
            [
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


def _happenings(advanced: Advanced) -> list[Happening]:
    before = advanced.order.progress.status
    found = []
    for after in advanced.step.path:
        found.append(Happening(advanced.order.id, before, after, "venue"))
        before = after
    return found
