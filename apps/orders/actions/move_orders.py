"""Move orders along the lifecycle, each only from where it is expected to stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from apps.orders.domain.lifecycle import FINAL

# Rows are locked in the order of their ids; a row that moved meanwhile is read again, then skipped.
_MOVE: Final = """
WITH wanted AS (
    SELECT o.id, o.status AS before, m.after, m.reason, m.cause, m.detail, m.venue_order_id
    FROM unnest(%(ids)s::uuid[], %(after)s::text[], %(reason)s::text[], %(cause)s::text[],
        %(detail)s::jsonb[], %(venue_order_id)s::text[])
        m(id, after, reason, cause, detail, venue_order_id)
    JOIN orders_order o ON o.id = m.id
    WHERE o.status = ANY(%(before)s) AND o.fence <= coalesce(%(fence)s::int, o.fence)
    ORDER BY o.id FOR NO KEY UPDATE OF o
), moved AS (
    UPDATE orders_order o SET
        status = w.after, status_reason = w.reason,
        fence = greatest(o.fence, coalesce(%(fence)s::int, o.fence)),
        venue_order_id = CASE WHEN w.venue_order_id = '' THEN o.venue_order_id ELSE w.venue_order_id END,
        acknowledged_at = CASE WHEN w.venue_order_id = '' THEN o.acknowledged_at
            ELSE coalesce(o.acknowledged_at, %(at)s) END,
        ended_at = CASE WHEN w.after = ANY(%(final)s) THEN %(at)s ELSE o.ended_at END
    FROM wanted w WHERE o.id = w.id
    RETURNING o.id, w.before, w.after, w.cause, w.detail
)
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT id, %(at)s, before, after, cause, detail FROM moved ORDER BY id
RETURNING order_id
"""


@dataclass(frozen=True, slots=True)
class Move:
    """Where an order goes and why; `venue_order_id` when the venue has just told it."""

    order_id: UUID
    after: str
    cause: str
    reason: str = ""
    venue_order_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def move_orders(
    *, moves: Sequence[Move], before: Collection[str], at: datetime, fence: int | None = None
) -> set[UUID]:
    """Make those moves whose order stands in `before`, each with its event; return which.

    With a `fence`, orders that somebody holds under a higher one are left alone. `at` is real time. An order that stands elsewhere is left alone: somebody knew more.
    """
    if not moves:
        return set()
    held = {} if fence is None else {"fence": fence}
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "ids": [move.order_id for move in moves],
                "after": [move.after for move in moves],
                "reason": [move.reason[:200] for move in moves],
                "cause": [move.cause[:64] for move in moves],
                "detail": [Jsonb(move.detail | held) for move in moves],
                "fence": fence,
                "venue_order_id": [move.venue_order_id for move in moves],
                "before": list(before),
                "final": list(FINAL),
                "at": at,
            },
        )
        return {row[0] for row in cursor.fetchall()}
