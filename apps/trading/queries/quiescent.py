"""Whether the desk has finished what is due: what lock-step waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.orders.domain.lifecycle import UNFINISHED
from apps.trading.queries.due import due_batches
from apps.trading.queries.tending import accounts_to_tend
from apps.trading.queries.unprotected import UNPROTECTED

_TRANSIT: Final = f"""
SELECT 'order ' || status, count(*) FROM orders_order
WHERE account_id = ANY(%(accounts)s) AND status = ANY(%(unfinished)s)
    AND (status IN ('created', 'submitted', 'unknown', 'pending_cancel')
         OR cancel_requested_at IS NOT NULL OR venue_filled > filled)
GROUP BY 1
UNION ALL
SELECT 'facts waiting', count(*) FROM orders_venuefact
WHERE account_id = ANY(%(accounts)s) AND absorbed_at IS NULL HAVING count(*) > 0
UNION ALL
SELECT 'unprotected', count(*) FROM ({UNPROTECTED}) u
WHERE account_id = ANY(%(accounts)s) HAVING count(*) > 0
"""  # noqa: S608 - our own statement


def quiescent(*, account_ids: Sequence[UUID], at: datetime) -> list[str]:
    """Return why these accounts are not done at market time `at`; nothing when they are.

    Done: every cycle due is closed, no order in transit, no fact unabsorbed, every stop in place.
    """
    reasons = [
        f"cycle {batch.timeframe} {batch.at:%Y-%m-%d %H:%M}"
        for batch in due_batches(at=at, account_ids=account_ids)
    ]
    if not accounts_to_tend(at=at).isdisjoint(account_ids):
        reasons.append("orders past their time")
    with connection.cursor() as cursor:
        cursor.execute(
            _TRANSIT,
            {"accounts": list(account_ids), "unfinished": sorted(UNFINISHED)},
        )
        return reasons + [f"{what} {count}" for what, count in cursor.fetchall()]
