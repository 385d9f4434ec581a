"""Reads of positions, results, balances, and of what `absorb` needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.domain.money import ZERO
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


@dataclass(frozen=True, slots=True)
class Held:
    """A bot's holding of an instrument: amount in base units, the rest in quote units."""

    amount: Decimal = ZERO
    basis: Decimal = ZERO
    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO
    opened_at: datetime | None = None

    @property
    def average(self) -> Decimal | None:
        """The average entry price (quote per base), or None while nothing is held."""
        return self.basis / self.amount if self.amount else None


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


def holdings(*, bot_ids: Sequence[UUID]) -> dict[Pair, Held]:
    """Return what these bots hold, by (bot, instrument), in one statement; absent means nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, instrument_id, amount, basis, realised_profit, fees, opened_at"
            " FROM portfolio_position WHERE bot_id = ANY(%s)",
            [list(bot_ids)],
        )
        return {(row[0], row[1]): Held(*row[2:]) for row in cursor.fetchall()}


def daily_results(*, bot_ids: Sequence[UUID], day: date) -> dict[UUID, DayResult]:
    """Return the realised result of these bots on a UTC day (market time); absent means zero."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id, realised_profit, fees, fills FROM portfolio_dailyresult"
            " WHERE bot_id = ANY(%s) AND day = %s",
            [list(bot_ids), day],
        )
        return {row[0]: DayResult(*row[1:]) for row in cursor.fetchall()}


def marked(*, account_id: UUID) -> list[tuple[UUID, int, Decimal, Decimal, Decimal | None]]:
    """Return (bot, instrument, amount, basis, last price) of an account's open positions.

    The price is None where no quote is stored; amount in base, basis in quote units.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.bot_id, p.instrument_id, p.amount, p.basis, q.last FROM portfolio_position p"
            " LEFT JOIN marketdata_quote q USING (instrument_id)"
            " WHERE p.account_id = %s AND p.amount <> 0 ORDER BY p.bot_id, p.instrument_id",
            [account_id],
        )
        return list(cursor.fetchall())


def balances(*, account_id: UUID) -> dict[str, Decimal]:
    """Return an account's holdings by our own ledger, by asset."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [account_id]
        )
        return dict(cursor.fetchall())
