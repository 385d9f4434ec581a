"""Reads of closed round trips that wait to be verified, with their fills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.portfolio.domain.position import Execution, Trip, Unit

# What is left waits for the next pass.
TRIPS_MAX: Final = 200
_TRIPS: Final = """
SELECT t.id, t.bot_id, b.slug, i.id, i.symbol, i.base, i.quote, i.amount_step, i.settle,
    t.opened_at, t.closed_at, t.profit, t.fees, t.entry_cost, t.exit_cost
FROM portfolio_roundtrip t
JOIN bots_bot b ON b.id = t.bot_id
JOIN marketdata_instrument i ON i.id = t.instrument_id
WHERE b.account_id = %s AND t.reconciled_at IS NULL AND t.closed_at <= %s
ORDER BY t.closed_at, t.id LIMIT %s
"""
_FILLS: Final = """
SELECT t.id, f.side, f.price, f.amount, f.fee, f.fee_asset, f.at, f.venue_order_id, f.venue_trade_id
FROM portfolio_roundtrip t
JOIN orders_fill f ON f.bot_id = t.bot_id AND f.instrument_id = t.instrument_id
    AND f.at BETWEEN t.opened_at AND t.closed_at
WHERE t.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class ClosedTrip:
    """A trip that nobody vouched for yet, and what its numbers mean."""

    id: UUID
    bot_id: UUID
    bot: str
    instrument_id: int
    symbol: str
    unit: Unit
    trip: Trip


def closed_trips(*, account_id: UUID, until: datetime | None) -> list[ClosedTrip]:
    """Return the account's trips that closed by `until` (market time) and wait, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIPS, [account_id, until, TRIPS_MAX])
        return [_trip(row) for row in cursor.fetchall()]


def _trip(row: tuple[Any, ...]) -> ClosedTrip:
    trip, bot, slug, instrument, symbol = row[:5]
    return ClosedTrip(trip, bot, slug, instrument, symbol, Unit(*row[5:9]), Trip(*row[9:]))


def fills_of_trips(*, trips: Sequence[ClosedTrip]) -> dict[UUID, list[Execution]]:
    """Return the fills between each trip's first and last moment."""
    found: dict[UUID, list[Execution]] = defaultdict(list)
    if not trips:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_FILLS, [[trip.id for trip in trips]])
        for row in cursor.fetchall():
            found[row[0]].append(Execution(*row[1:9]))
    return found
