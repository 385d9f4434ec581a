"""End groups whose work is over, each once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.clock import now
from apps.orders.domain.lifecycle import UNFINISHED

# Over: nothing of it is unfinished, and nothing is held that its exits could still take away.
_END: Final = """
WITH over AS (
    SELECT g.id, EXISTS (SELECT FROM orders_order o WHERE o.group_id = g.id
        AND o.purpose = 'protect' AND o.filled > 0) AS is_done
    FROM orders_ordergroup g
    JOIN marketdata_instrument i ON i.id = g.instrument_id
    WHERE g.account_id = %(account)s AND g.state = 'open'
        AND NOT EXISTS (SELECT FROM orders_order o WHERE o.group_id = g.id
            AND o.status = ANY(%(unfinished)s))
        AND coalesce((SELECT sum(CASE f.side WHEN 'buy' THEN f.amount ELSE -f.amount END
                - CASE WHEN f.fee_asset = i.base THEN f.fee ELSE 0 END)
            FROM orders_fill f WHERE f.bot_id = g.bot_id AND f.instrument_id = g.instrument_id), 0)
            * CASE g.side WHEN 'sell' THEN 1 ELSE -1 END < i.amount_step
    ORDER BY g.id FOR NO KEY UPDATE OF g
)
UPDATE orders_ordergroup g SET state = CASE WHEN over.is_done THEN 'done' ELSE 'canceled' END,
    ended_at = %(at)s
FROM over WHERE g.id = over.id AND g.state = 'open'
RETURNING g.id
"""


def end_groups(*, account_id: UUID) -> int:
    """End the account's groups that have nothing left to do; return how many.

    `done` when a leg filled, `canceled` when the entry never did or something else closed it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_END, {"account": account_id, "unfinished": sorted(UNFINISHED), "at": now()})
        return int(cursor.rowcount)
