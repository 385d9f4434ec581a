"""Reads of the books: balances, and what absorbing and rebuilding need."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from apps.orders.domain.rows import FactRow
from apps.portfolio.domain.books import Pair
from apps.portfolio.domain.closes import PART, PREFIXES, Holder
from apps.portfolio.domain.position import DayResult, Execution, State, Trip

_STATE: Final = """
SELECT p.bot_id, p.instrument_id, p.amount, p.basis, p.realised_profit, p.fees, p.opened_at,
    p.last_fill_at, p.round_trips, p.trip_profit, p.trip_fees, p.trip_entry_cost, p.trip_exit_cost
FROM portfolio_position p
"""
_FILLS: Final = """
SELECT f.bot_id, f.instrument_id, f.side, f.price, f.amount, f.fee, f.fee_asset, f.at,
    f.venue_order_id, f.venue_trade_id, f.id
FROM orders_fill f
"""
_PAIRS: Final = (
    "JOIN unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id) USING (bot_id, instrument_id)"
)
_TRIPS: Final = """
SELECT id, bot_id, instrument_id, opened_at, closed_at, profit, fees, entry_cost, exit_cost
FROM portfolio_roundtrip
JOIN unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id) USING (bot_id, instrument_id)
"""


_HOLDERS: Final = """
SELECT b.id, b.config_id, b.stage, i.id, i.symbol, i.base, i.quote, coalesce(nullif(i.settle, ''),
    i.quote), i.amount_step, p.amount
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
WHERE p.account_id = %s AND p.instrument_id = ANY(%s) AND p.amount <> 0 ORDER BY b.id
"""
_PERPETUALS: Final = """
SELECT i.symbol, i.id FROM marketdata_instrument i
JOIN venues_venueaccount a ON a.venue = i.venue AND a.environment = i.environment
WHERE a.id = %s AND i.symbol = ANY(%s) AND i.kind = 'linear'
"""
_CLOSED_BY_VENUE: Final = """
SELECT venue_order_id, min(name)
FROM (SELECT venue_order_id, client_order_id AS name FROM orders_venuefact
      WHERE account_id = %(account)s AND venue_order_id = ANY(%(orders)s)
          AND client_order_id LIKE ANY(%(names)s)
      UNION ALL
      SELECT venue_order_id, %(name)s FROM orders_order
      WHERE account_id = %(account)s AND venue_order_id = ANY(%(orders)s) AND origin = 'venue') k
GROUP BY 1
"""
_TRADES: Final = """
SELECT i.symbol, split_part(f.venue_order_id, %s, 1), f.venue_trade_id
FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
WHERE f.account_id = %s AND split_part(f.venue_order_id, %s, 1) = ANY(%s)
"""


def columns(pairs: Iterable[Pair]) -> list[list[object]]:
    """Return pairs as the two arrays that the statements here take."""
    listed = sorted(pairs)
    return [[bot for bot, _ in listed], [instrument for _, instrument in listed]]


def states(*, pairs: Iterable[Pair] | None = None) -> dict[Pair, State]:
    """Return the stored state of these (bot, instrument) pairs, or of all."""
    with connection.cursor() as cursor:
        if pairs is None:
            cursor.execute(_STATE)
        else:
            cursor.execute(_STATE + _PAIRS, columns(pairs))
        return {(row[0], row[1]): State(*row[2:]) for row in cursor.fetchall()}


def executions(
    *, pairs: Iterable[Pair] | None = None, but: Sequence[UUID] = ()
) -> dict[Pair, list[Execution]]:
    """Return the recorded fills of these pairs (or of all), without those whose ids are in `but`."""
    wanted, arguments = ("", []) if pairs is None else (_PAIRS, columns(pairs))
    found: dict[Pair, list[Execution]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_FILLS} {wanted} WHERE f.id <> ALL(%s::uuid[])",
            [*arguments, list(but)],
        )
        for row in cursor.fetchall():
            found[row[0], row[1]].append(Execution(*row[2:10]))
    return found


def held_before(*, account_id: UUID, instrument_id: int, at: datetime) -> dict[UUID, Decimal]:
    """Return what each bot of the account held when `at` (market time) came, base units.

    What was filled in that very moment counts where otherwise nobody had held.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, sum(k.amount) FILTER (WHERE k.at < %s), sum(k.amount)"
            " FROM (SELECT bot_id, at, CASE side WHEN 'buy' THEN amount ELSE -amount END AS amount"
            " FROM orders_fill WHERE account_id = %s AND instrument_id = %s AND at <= %s) k"
            " GROUP BY bot_id ORDER BY bot_id",
            [at, account_id, instrument_id, at],
        )
        rows = cursor.fetchall()
    before = {bot: held for bot, held, _ in rows if held}
    return before or {bot: held for bot, _, held in rows if held}


def stored_trips(*, pairs: Iterable[Pair]) -> dict[tuple[Pair, Trip], list[UUID]]:
    """Return the ids of stored round trips of these pairs, by what they say."""
    found: dict[tuple[Pair, Trip], list[UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TRIPS, columns(pairs))
        for row in cursor.fetchall():
            found[(row[1], row[2]), Trip(*row[3:])].append(row[0])
    return found


def stored_days(*, bot_ids: Sequence[UUID]) -> dict[tuple[UUID, date], DayResult]:
    """Return all daily results of these bots."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, day, realised_profit, fees, fills, funding FROM portfolio_dailyresult"
            " WHERE bot_id = ANY(%s)",
            [list(bot_ids)],
        )
        return {(row[0], row[1]): DayResult(*row[2:]) for row in cursor.fetchall()}


def funding_days(*, account_id: UUID) -> dict[tuple[UUID, date], Decimal]:
    """Return what the funding of each UTC day (market time) came to, by bot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.bot_id, (p.at AT TIME ZONE 'UTC')::date, sum(s.amount)"
            " FROM portfolio_fundingshare s JOIN portfolio_fundingpayment p ON p.id = s.payment_id"
            " WHERE p.account_id = %s GROUP BY 1, 2",
            [account_id],
        )
        return {(bot, day): amount for bot, day, amount in cursor.fetchall()}


def balances(*, account_id: UUID) -> dict[str, Decimal]:
    """Return an account's holdings by our own ledger, by asset."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [account_id]
        )
        return dict(cursor.fetchall())


def perpetual_accounts() -> list[UUID]:
    """Return the accounts that can be asked and whose venue has perpetuals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id FROM venues_venueaccount a WHERE a.archived_at IS NULL"
            " AND a.api_key_sealed <> '' AND EXISTS (SELECT FROM marketdata_instrument i"
            " WHERE i.venue = a.venue AND i.environment = a.environment AND i.kind = 'linear')"
            " ORDER BY a.slug"
        )
        return [row[0] for row in cursor.fetchall()]


def settles(*, instrument_ids: Iterable[int]) -> dict[int, str]:
    """Return the asset that each perpetual among these instruments pays its profit in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, coalesce(nullif(settle, ''), quote) FROM marketdata_instrument"
            " WHERE id = ANY(%s) AND kind = 'linear'",
            [sorted(set(instrument_ids))],
        )
        return dict(cursor.fetchall())


def perpetuals(*, account_id: UUID, symbols: Sequence[str]) -> dict[str, int]:
    """Return the ids of the perpetuals among these symbols at the account's venue."""
    with connection.cursor() as cursor:
        cursor.execute(_PERPETUALS, [account_id, sorted(set(symbols))])
        return dict(cursor.fetchall())


def holders(*, account_id: UUID, instrument_ids: Sequence[int]) -> dict[int, dict[UUID, Holder]]:
    """Return the account's bots that hold these perpetuals, by instrument and bot."""
    found: dict[int, dict[UUID, Holder]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [account_id, list(instrument_ids)])
        for row in cursor.fetchall():
            holder = Holder(*row)
            found[holder.instrument_id][holder.bot_id] = holder
    return found


def known_trades(*, account_id: UUID, venue_order_ids: Sequence[str]) -> set[tuple[str, str, str]]:
    """Return which trades of these venue orders have fills: (symbol, order id, trade id)."""
    with connection.cursor() as cursor:
        cursor.execute(_TRADES, [PART, account_id, PART, sorted(set(venue_order_ids))])
        return {(row[0], row[1], row[2]) for row in cursor.fetchall()}


def orders_closed_by_venue(*, account_id: UUID, venue_order_ids: Sequence[str]) -> dict[str, str]:
    """Return those of these venue orders that the venue made to close a position, with its id.

    The venue named them in any fact, early or late: some answers tell trades without a client id.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSED_BY_VENUE,
            {
                "account": account_id,
                "orders": sorted(set(venue_order_ids)),
                "names": [f"{prefix}%" for prefix in PREFIXES],
                "name": next(iter(PREFIXES)),
            },
        )
        return dict(cursor.fetchall())


def symbols_in_motion(*, account_id: UUID) -> frozenset[str]:
    """Return the symbols with an order whose fills we may not hold yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.symbol FROM orders_order o"
            " JOIN marketdata_instrument i ON i.id = o.instrument_id"
            " WHERE o.account_id = %s AND o.ended_at IS NULL"
            " AND (o.status IN ('submitted', 'unknown') OR o.venue_filled > o.filled)",
            [account_id],
        )
        return frozenset(row[0] for row in cursor.fetchall())


def foreign_fills(*, account_id: UUID, venue_order_ids: Sequence[str]) -> list[FactRow]:
    """Return the trades of these venue orders that were taken for somebody else's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, client_order_id, venue_order_id, content::text FROM orders_venuefact"
            " WHERE account_id = %s AND venue_order_id = ANY(%s) AND kind = 'fill'"
            " AND result = 'foreign' ORDER BY id",
            [account_id, sorted(set(venue_order_ids))],
        )
        return [
            FactRow(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in cursor.fetchall()
        ]
