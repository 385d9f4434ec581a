"""Store changed positions, round trips and daily results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.ids import new_id
from apps.portfolio.domain.books import Change, Pair
from apps.portfolio.domain.position import DayResult, State, Trip
from apps.portfolio.queries import columns, stored_trips

_TYPES: Final = {"opened_at": "timestamptz", "last_fill_at": "timestamptz", "round_trips": "int"}
_STATE: Final = {f.name: _TYPES.get(f.name, "numeric") for f in fields(State)}
_POSITIONS: Final = f"""
INSERT INTO portfolio_position (updated_at, id, account_id, bot_id, instrument_id, {", ".join(_STATE)})
SELECT %s, p.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[],
    {", ".join(f"%s::{kind}[]" for kind in _STATE.values())}) p
ON CONFLICT (bot_id, instrument_id) DO UPDATE SET updated_at = excluded.updated_at,
    -- a bot that was moved, flat, holds on the account where it trades now
    account_id = (SELECT b.account_id FROM bots_bot b WHERE b.id = excluded.bot_id),
    {", ".join(f"{name} = excluded.{name}" for name in _STATE)}
"""  # noqa: S608 - names of the dataclass above
_DAYS: Final = """
INSERT INTO portfolio_dailyresult AS r (bot_id, day, realised_profit, fees, fills, funding)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::numeric[], %s::numeric[], %s::int[], %s::numeric[])
ON CONFLICT (bot_id, day) DO UPDATE SET realised_profit = r.realised_profit + excluded.realised_profit,
    fees = r.fees + excluded.fees, fills = r.fills + excluded.fills,
    funding = r.funding + excluded.funding
"""
_TRIPS: Final = """
INSERT INTO portfolio_roundtrip (id, bot_id, instrument_id, stage, opened_at, closed_at, profit, fees,
    entry_cost, exit_cost)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::timestamptz[],
    %s::timestamptz[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
"""


Corrections = Mapping[tuple[UUID, date], DayResult]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose books a pair belongs to, and the stage its bot is in."""

    account_id: UUID
    stage: str


def write_books(
    *,
    changes: Mapping[Pair, Change],
    owners: Mapping[Pair, Owner],
    at: datetime,
    corrections: Corrections | None = None,
) -> None:
    """Store `changes` in the caller's transaction, which holds the account's absorb lock.

    A rebuilt pair's trips replace the stored ones; those that stay the same keep their row.
    `corrections` adds to days besides what the changes gained.
    """
    trips = _new_trips(changes)
    days = _days(changes, corrections or {})
    with connection.cursor() as cursor:
        if changes:
            cursor.execute(_POSITIONS, _position_columns(changes, owners, at))
        if days:
            cursor.execute(_DAYS, list(map(list, zip(*days, strict=True))))
        if trips:
            rows = [(new_id(), *pair, owners[pair].stage, *_values(trip)) for pair, trip in trips]
            cursor.execute(_TRIPS, list(map(list, zip(*rows, strict=True))))


def _position_columns(
    changes: Mapping[Pair, Change], owners: Mapping[Pair, Owner], at: datetime
) -> list[Any]:
    ordered = sorted(changes)
    return [
        at,
        [new_id() for _ in ordered],
        [owners[pair].account_id for pair in ordered],
        *columns(ordered),
        *([getattr(changes[pair].state, name) for pair in ordered] for name in _STATE),
    ]


def _days(changes: Mapping[Pair, Change], corrections: Corrections) -> list[tuple[Any, ...]]:
    """Return one row a bot and day, ordered so that no two writers wait for each other."""
    sums: dict[tuple[UUID, date], DayResult] = {}
    for (bot, _), change in changes.items():
        for day, gained in change.days.items():
            sums.setdefault((bot, day), DayResult()).add(gained)
    for key, gained in corrections.items():
        sums.setdefault(key, DayResult()).add(gained)
    return [
        (*key, r.realised_profit, r.fees, r.fills, r.funding) for key, r in sorted(sums.items())
    ]


def _new_trips(changes: Mapping[Pair, Change]) -> list[tuple[Pair, Trip]]:
    """Return the trips to insert, after removing rows that a rebuild no longer finds."""
    rebuilt = [pair for pair in sorted(changes) if changes[pair].is_rebuilt]
    stored = stored_trips(pairs=rebuilt) if rebuilt else {}
    new = []
    for pair in sorted(changes):
        for trip in changes[pair].trips:
            if not stored.get((pair, trip)):
                new.append((pair, trip))
            else:
                stored[pair, trip].pop()
    gone = [row_id for ids in stored.values() for row_id in ids]
    if gone:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM portfolio_roundtrip WHERE id = ANY(%s)", [gone])
    return new


def _values(trip: Trip) -> tuple[Any, ...]:
    return (trip.opened_at, trip.closed_at, trip.profit, trip.fees, trip.entry_cost, trip.exit_cost)
