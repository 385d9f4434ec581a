"""What is due: batches whose cycle is missing, and accounts with anything to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.clock import from_ms, to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.orders.domain.lifecycle import LIVE
from apps.trading.queries.unprotected import UNPROTECTED

_DUE: Final = """
SELECT DISTINCT b.account_id, c.timeframe, e.at
FROM bots_bot b
JOIN bots_botconfig c ON c.id = b.config_id
JOIN unnest(%(timeframes)s::text[], %(edges)s::timestamptz[]) e(timeframe, at)
  ON e.timeframe = c.timeframe
WHERE b.state IN ('running', 'paused') AND b.archived_at IS NULL
  AND (%(accounts)s::uuid[] IS NULL OR b.account_id = ANY(%(accounts)s::uuid[]))
  AND NOT EXISTS (
      SELECT FROM bots_cycle y
      WHERE y.bot_id = b.id AND y.scheduled_for = e.at AND y.status <> 'open')
ORDER BY b.account_id, c.timeframe
"""
_BUSY: Final = """
SELECT account_id FROM orders_order WHERE status = 'created'
UNION SELECT account_id FROM orders_order WHERE status = ANY(%(live)s)
    AND (status IN ('submitted', 'unknown', 'pending_cancel') OR cancel_requested_at IS NOT NULL
         OR venue_filled > filled)
UNION SELECT account_id FROM orders_venuefact WHERE absorbed_at IS NULL
UNION SELECT account_id FROM bots_bot WHERE stop_when = 'flat' AND state = 'paused'
"""
_MOVING: Final = """
SELECT EXISTS (SELECT FROM orders_order WHERE account_id = %(account)s AND status = 'created')
    OR EXISTS (SELECT FROM orders_order WHERE account_id = %(account)s AND status = ANY(%(live)s)
        AND (status IN ('submitted', 'unknown', 'pending_cancel') OR cancel_requested_at IS NOT NULL
             OR venue_filled > filled))
    OR EXISTS (SELECT FROM orders_venuefact WHERE account_id = %(account)s AND absorbed_at IS NULL)
"""
_UNPROTECTED: Final = f"SELECT DISTINCT account_id FROM ({UNPROTECTED}) u"  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class DueBatch:
    """A batch whose cycle of `at` (market time of the candle close) is not finished."""

    account_id: UUID
    timeframe: str
    at: datetime


def latest_close(*, at: datetime, timeframe: str) -> datetime:
    """Return the newest candle close of `timeframe` at or before `at`."""
    return from_ms(open_ms(to_ms(at), timeframe))


def due_batches(*, at: datetime, account_ids: Sequence[UUID] | None = None) -> list[DueBatch]:
    """Return the batches that lack their latest cycle at market time `at`; missed ones are past."""
    edges = {timeframe: latest_close(at=at, timeframe=timeframe) for timeframe in TIMEFRAME_MS}
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "timeframes": list(edges),
                "edges": list(edges.values()),
                "accounts": None if account_ids is None else list(account_ids),
            },
        )
        return [DueBatch(*row) for row in cursor.fetchall()]


def busy_accounts() -> set[UUID]:
    """Return accounts with orders, facts or leaving bots that wait for a worker."""
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, {"live": sorted(LIVE)})
        return {row[0] for row in cursor.fetchall()}


def orders_are_moving(*, account_id: UUID) -> bool:
    """Return whether the account has orders to send, cancel or settle, or facts to absorb."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVING, {"account": account_id, "live": sorted(LIVE)})
        return bool(cursor.fetchone()[0])


def unprotected_accounts() -> set[UUID]:
    """Return accounts with a position that lacks its stop; looks at every position of the desk."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPROTECTED, {})
        return {row[0] for row in cursor.fetchall()}
