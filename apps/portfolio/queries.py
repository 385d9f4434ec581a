"""Reads of the books: balances, and what absorbing and rebuilding need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from apps.portfolio.domain.books import Pair
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
    """Return what each bot of the account held just before `at` (market time), base units."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, sum(CASE side WHEN 'buy' THEN amount ELSE -amount END)"
            " FROM orders_fill WHERE account_id = %s AND instrument_id = %s AND at < %s"
            " GROUP BY bot_id ORDER BY bot_id",
            [account_id, instrument_id, at],
        )
        return {bot: amount for bot, amount in cursor.fetchall() if amount}


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
            "SELECT bot_id, day, realised_profit, fees, fills FROM portfolio_dailyresult"
            " WHERE bot_id = ANY(%s)",
            [list(bot_ids)],
        )
        return {(row[0], row[1]): DayResult(*row[2:]) for row in cursor.fetchall()}


def balances(*, account_id: UUID) -> dict[str, Decimal]:
    """Return an account's holdings by our own ledger, by asset."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [account_id]
        )
        return dict(cursor.fetchall())
