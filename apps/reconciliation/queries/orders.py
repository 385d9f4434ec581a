"""Reads for comparing orders: a few statements for any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.marketdata.clock import market_now
from apps.orders.domain.lifecycle import UNFINISHED
from apps.reconciliation.domain.differences import Book, BookFill, BookOrder, Difference
from apps.reconciliation.queries.accounts import last_clean

# Clocks of venue and desk may differ by this much, and streams may lag.
MARGIN: Final = timedelta(seconds=60)
# A new position gets its stop within 15 s; before that it is not a difference.
PROTECTION_SECONDS: Final = 15
_ORDERS: Final = """
SELECT o.id, o.client_order_id, o.venue_order_id, i.symbol, o.status, o.filled
FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %(account)s AND (o.status = ANY(%(unfinished)s)
    OR o.ended_at >= %(real)s OR o.send_by >= %(market)s OR o.client_order_id = ANY(%(names)s))
ORDER BY o.decided_at, o.id
"""
# What the venue closed for several bots by one order of its own is booked in parts: `id#bot`.
_FILLS: Final = """
SELECT i.symbol, split_part(f.venue_order_id, '#', 1), f.venue_trade_id, min(f.side), min(f.price),
    sum(f.amount), sum(f.fee), min(f.fee_asset)
FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
WHERE f.account_id = %s AND f.at >= %s AND i.symbol = ANY(%s)
GROUP BY 1, 2, 3
"""
_FOREIGN_CANCELS: Final = """
SELECT o.client_order_id, i.symbol, o.purpose
FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %s AND o.ended_at >= %s AND o.status = 'canceled'
  AND o.venue_status = 'canceled' AND o.cancel_requested_at IS NULL AND o.group_id IS NULL
  AND o.time_in_force = 'GTC' AND o.origin <> 'venue' AND NOT o.is_amendment
  AND NOT EXISTS (SELECT FROM orders_order n WHERE n.replaces_id = o.id)
  AND NOT EXISTS (SELECT FROM reconciliation_case c WHERE c.account_id = o.account_id
      AND c.kind = 'status' AND c.subject = o.client_order_id AND c.state = 'resolved')
ORDER BY o.ended_at
"""
_LIQUIDATIONS: Final = """
SELECT i.symbol, f.venue_order_id, b.slug, f.side, sum(f.amount)::text
FROM orders_fill f
JOIN marketdata_instrument i ON i.id = f.instrument_id JOIN bots_bot b ON b.id = f.bot_id
WHERE f.account_id = %s AND f.is_liquidation AND f.recorded_at >= %s
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
"""
_SYMBOLS: Final = """
SELECT i.symbol FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %(account)s AND (o.status = ANY(%(unfinished)s) OR o.ended_at >= %(real)s)
UNION
SELECT i.symbol FROM portfolio_position p JOIN marketdata_instrument i ON i.id = p.instrument_id
WHERE p.account_id = %(account)s AND p.amount <> 0
UNION
SELECT i.symbol FROM bots_bot b JOIN bots_botconfiginstrument c ON c.config_id = b.config_id
JOIN marketdata_instrument i ON i.id = c.instrument_id
WHERE b.account_id = %(account)s AND b.state IN ('running', 'paused')
ORDER BY 1
"""
_UNPROTECTED: Final = """
SELECT b.slug, i.symbol, p.amount::text, coalesce(sum(o.amount - o.filled)
    FILTER (WHERE o.purpose = 'protect'), 0)::text
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN orders_order o ON o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id
    AND o.status = ANY(%(unfinished)s)
WHERE p.account_id = %(account)s AND c.protection ? 'stop_loss'
  AND abs(p.amount) >= greatest(i.amount_step, i.amount_min)
  AND (q.last IS NULL OR abs(p.amount) * q.last >= i.cost_min)
  AND p.updated_at < %(before)s
GROUP BY b.slug, i.symbol, p.amount, i.amount_step
HAVING NOT bool_or(o.purpose IN ('reduce', 'flatten') IS TRUE)
   AND abs(p.amount) - coalesce(sum(o.amount - o.filled) FILTER (WHERE o.purpose = 'protect'), 0)
       >= i.amount_step
ORDER BY b.slug, i.symbol
"""


def window_start(*, account_id: UUID) -> tuple[datetime, datetime]:
    """Return from when orders and fills are compared: (real time, market time).

    Since the last clean pass with a margin; before the first one since the first order.
    """
    last = last_clean(account_id=account_id, kind="orders")
    if last is not None and last.market_at is not None:
        return last.started_at - MARGIN, last.market_at - MARGIN
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(decided_at), min(least(decided_at, send_by, cycle_at)) FROM orders_order"
            " WHERE account_id = %s",
            [account_id],
        )
        real, market = cursor.fetchone()
    moment = market_now()
    return (real or moment) - MARGIN, (market or moment) - MARGIN


def symbols_to_compare(*, account_id: UUID, since: datetime) -> list[str]:
    """Return the symbols that may have fills of ours or of others."""
    given: dict[str, Any] = {"account": account_id, "unfinished": list(UNFINISHED), "real": since}
    with connection.cursor() as cursor:
        cursor.execute(_SYMBOLS, given)
        return [row[0] for row in cursor.fetchall()]


def foreign_cancels(*, account_id: UUID, since: datetime) -> list[Difference]:
    """Return our orders that the venue cancelled since `since` (real time) and nobody here asked for.

    Left out: what belongs to a group or was replaced (there the desk or the venue's own rule
    cancels), and what a person has settled as a vanished order.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN_CANCELS, [account_id, since])
        return [
            Difference(
                "foreign_cancel", name, "critical",
                book={"symbol": symbol, "purpose": purpose, "asked_to_cancel": "no"},
                venue={"status": "canceled"},
            )
            for name, symbol, purpose in cursor.fetchall()
        ]  # fmt: skip


def liquidations(*, account_id: UUID, since: datetime) -> list[Difference]:
    """Return what the venue closed by itself since `since` (real time): liquidation, deleverage."""
    with connection.cursor() as cursor:
        cursor.execute(_LIQUIDATIONS, [account_id, since])
        return [
            Difference(
                "liquidation", f"{symbol} {order}", "critical",
                book={"bot": bot, "booked": "yes"}, venue={"amount": amount, "side": side},
            )
            for symbol, order, bot, side, amount in cursor.fetchall()
        ]  # fmt: skip


def read_book(
    *,
    account_id: UUID,
    since: tuple[datetime, datetime],
    symbols: Sequence[str],
    names: Sequence[str],
    venue_order_ids: Sequence[str],
) -> Book:
    """Return our picture of the window: orders (and those called `names`), and fills."""
    given: dict[str, Any] = {
        "account": account_id, "unfinished": list(UNFINISHED), "real": since[0],
        "market": since[1], "names": list(names),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, given)
        orders = tuple(BookOrder(*row) for row in cursor.fetchall())
        cursor.execute(_FILLS, [account_id, since[1], list(symbols)])
        fills = {(row[0], row[1], row[2]): BookFill(*row[3:]) for row in cursor.fetchall()}
        cursor.execute(
            # a conditional order's fills bear the id of the order that it sent
            "SELECT i.symbol, o.venue_order_id FROM orders_order o"
            " JOIN marketdata_instrument i ON i.id = o.instrument_id"
            " WHERE o.account_id = %(account)s AND o.venue_order_id = ANY(%(numbers)s)"
            " UNION SELECT i.symbol, v.venue_order_id FROM orders_venueorderid v"
            " JOIN marketdata_instrument i ON i.id = v.instrument_id"
            " WHERE v.account_id = %(account)s AND v.venue_order_id = ANY(%(numbers)s)",
            {"account": account_id, "numbers": list(venue_order_ids)},
        )
        known = frozenset((row[0], row[1]) for row in cursor.fetchall())
    return Book(orders, fills, known)


def unprotected_positions(*, account_id: UUID, before: datetime) -> list[Difference]:
    """Return positions that declare a stop, changed last before `before`, and have none nor an exit."""
    given: dict[str, Any] = {
        "account": account_id,
        "unfinished": list(UNFINISHED),
        "before": before,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNPROTECTED, given)
        return [
            Difference(
                "unprotected", f"{slug} {symbol}", "critical",
                book={"amount": amount, "protected": protected},
            )
            for slug, symbol, amount, protected in cursor.fetchall()
        ]  # fmt: skip
