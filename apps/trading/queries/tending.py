"""Orders that need looking after: past their time, unfilled for too long, or without a position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.core.statements import run
from apps.orders.domain.lifecycle import UNFINISHED
from apps.trading.domain.batch import Pair

_EXPIRED: Final = """
SELECT id FROM orders_order WHERE account_id = %(account)s AND status = ANY(%(unfinished)s)
    AND expires_at <= %(at)s AND cancel_requested_at IS NULL ORDER BY id
"""
_DUE: Final = """
    status IN ('open', 'partially_filled') AND tend_at <= %(at)s AND cancel_requested_at IS NULL
    AND NOT EXISTS (SELECT FROM orders_order n WHERE n.replaces_id = o.id
        AND n.status = ANY(%(unfinished)s))
"""
_UNFILLED_ENTRIES: Final = f"""
SELECT id FROM orders_order o
WHERE account_id = %(account)s AND purpose = 'entry' AND {_DUE} ORDER BY id
"""  # noqa: S608 - our own statement
# How often an exit was priced anew: the length of its chain of replacements by the timeout.
_UNFILLED_EXITS: Final = f"""
SELECT o.id, o.bot_id, o.instrument_id, o.amount - o.filled, o.filled, o.client_order_id,
    (WITH RECURSIVE chain AS (
        SELECT o.replaces_id, o.origin, 0 AS length
        UNION ALL
        SELECT x.replaces_id, x.origin, c.length + 1 FROM chain c
        JOIN orders_order x ON x.id = c.replaces_id WHERE c.origin = 'timeout' AND c.length < 50)
     SELECT max(length) FROM chain)
FROM orders_order o
WHERE account_id = %(account)s AND purpose = 'reduce' AND {_DUE} ORDER BY o.id
"""  # noqa: S608 - our own statement
# Exits that ended without a fill since the last one that had any, while the bot wants to hold less.
_FAILING: Final = """
SELECT f.bot_id, f.instrument_id, f.failures, f.last_ended_at FROM (
    SELECT o.bot_id, o.instrument_id, count(*) AS failures, max(o.ended_at) AS last_ended_at
    FROM orders_order o
    WHERE o.account_id = %(account)s AND o.purpose = 'reduce' AND o.filled = 0
        AND o.ended_at > now() - interval '1 day' AND o.status IN ('rejected', 'expired', 'canceled')
        AND (o.type = 'market' OR o.status = 'rejected') AND o.cancel_requested_at IS NULL
        AND o.status_reason NOT LIKE 'NOT_AT_VENUE%%'
        AND NOT EXISTS (
            SELECT FROM orders_order x WHERE x.bot_id = o.bot_id
            AND x.instrument_id = o.instrument_id AND x.filled > 0 AND x.id > o.id)
    GROUP BY o.bot_id, o.instrument_id) f
JOIN portfolio_position p USING (bot_id, instrument_id)
JOIN marketdata_instrument i ON i.id = f.instrument_id
LEFT JOIN bots_bottarget t USING (bot_id, instrument_id)
WHERE abs(p.amount) >= greatest(i.amount_step, i.amount_min)
    AND abs(coalesce(t.target_amount, 0)) < abs(p.amount)
    AND NOT EXISTS (
        SELECT FROM orders_order o WHERE o.bot_id = f.bot_id
        AND o.instrument_id = f.instrument_id AND o.purpose IN ('reduce', 'flatten')
        AND o.status = ANY(%(unfinished)s))
ORDER BY f.bot_id, f.instrument_id
"""
# Exits of a position that is gone, or has turned: the other leg, or an exit, took it.
_ORPHANS: Final = """
SELECT o.id FROM orders_order o
JOIN marketdata_instrument i ON i.id = o.instrument_id
LEFT JOIN portfolio_position p ON p.bot_id = o.bot_id AND p.instrument_id = o.instrument_id
WHERE o.account_id = %(account)s AND o.purpose = 'protect' AND o.status = ANY(%(unfinished)s)
    AND o.cancel_requested_at IS NULL AND o.filled < o.amount
    AND coalesce(CASE o.side WHEN 'sell' THEN p.amount ELSE -p.amount END, 0) < i.amount_step
ORDER BY o.id
"""
_TURNED: Final = """
SELECT g.bot_id, g.instrument_id, p.amount FROM orders_ordergroup g
JOIN portfolio_position p ON p.bot_id = g.bot_id AND p.instrument_id = g.instrument_id
JOIN marketdata_instrument i ON i.id = g.instrument_id
WHERE g.account_id = %(account)s AND g.state = 'open' AND i.kind = 'linear'
    AND CASE g.side WHEN 'sell' THEN -p.amount ELSE p.amount END >= i.amount_step
    AND EXISTS (SELECT FROM orders_order o WHERE o.group_id = g.id AND o.purpose = 'protect'
        AND o.filled > 0)
    AND NOT EXISTS (SELECT FROM orders_order o WHERE o.bot_id = g.bot_id
        AND o.instrument_id = g.instrument_id AND o.purpose IN ('reduce', 'flatten')
        AND o.status = ANY(%(unfinished)s))
ORDER BY g.id
"""
_TENDED: Final = """
SELECT DISTINCT account_id FROM orders_order
WHERE status = ANY(%(unfinished)s) AND cancel_requested_at IS NULL
    AND (expires_at <= %(at)s OR (status IN ('open', 'partially_filled') AND tend_at <= %(at)s))
"""


@dataclass(frozen=True, slots=True)
class UnfilledExit:
    """A resting exit past its time: `rest` and `filled` in base units; `tries` = prices it had."""

    id: UUID
    bot_id: UUID
    instrument_id: int
    rest: Decimal
    filled: Decimal
    client_order_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class FailingExit:
    """A holding whose exits failed in a row; `last_ended_at` real time."""

    bot_id: UUID
    instrument_id: int
    failures: int
    last_ended_at: datetime


def _rows(sql: str, account_id: UUID | None, at: datetime | None = None) -> list[tuple[Any, ...]]:
    return run(sql, {"account": account_id, "at": at, "unfinished": sorted(UNFINISHED)})


def expired_orders(*, account_id: UUID, at: datetime) -> list[UUID]:
    """Return unfinished orders whose market time is over."""
    return [row[0] for row in _rows(_EXPIRED, account_id, at)]


def unfilled_entries(*, account_id: UUID, at: datetime) -> list[UUID]:
    """Return resting entries that have waited long enough by market time `at`."""
    return [row[0] for row in _rows(_UNFILLED_ENTRIES, account_id, at)]


def unfilled_exits(*, account_id: UUID, at: datetime) -> list[UnfilledExit]:
    """Return resting exits that have waited long enough by market time `at`."""
    return [UnfilledExit(*row) for row in _rows(_UNFILLED_EXITS, account_id, at)]


def failing_exits(*, account_id: UUID) -> list[FailingExit]:
    """Return holdings that want out and whose last exits all ended without a fill."""
    return [FailingExit(*row) for row in _rows(_FAILING, account_id)]


def orphaned_exits(*, account_id: UUID) -> list[UUID]:
    """Return unfinished protective orders whose position is gone or has turned."""
    return [row[0] for row in _rows(_ORPHANS, account_id)]


def turned_positions(*, account_id: UUID) -> list[Pair]:
    """Return pairs where both legs of a group filled: the position stands on the other side."""
    return [(row[0], row[1]) for row in _rows(_TURNED, account_id)]


def accounts_to_tend(*, at: datetime) -> set[UUID]:
    """Return accounts with an order whose time is over by market time `at`."""
    return {row[0] for row in _rows(_TENDED, None, at)}
