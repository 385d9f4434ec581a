"""What new fills change in the books of one bot and instrument, whenever they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from apps.portfolio.domain.position import (
    DayResult,
    Execution,
    State,
    Trip,
    Unit,
    apply_fills,
)

Pair = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Change:
    """The pair's new state; `trips` are new ones, or all of them when `is_rebuilt`.

    `days` holds what each day gained by the change.
    """

    state: State
    trips: list[Trip]
    days: dict[date, DayResult]
    is_rebuilt: bool = False


def is_late(*, state: State, fills: Iterable[Execution]) -> bool:
    """Return whether a fill may stand before one that is already in the books.

    Equal times count as late, since the trade id then decides the order.
    """
    last = state.last_fill_at
    return last is not None and any(fill.at <= last for fill in fills)


def add_fills(*, state: State, fills: Sequence[Execution], unit: Unit) -> Change:
    """Return the change by fills that are all later than the state's last one."""
    applied = apply_fills(state=replace(state), fills=fills, unit=unit)
    return Change(state=applied.state, trips=applied.trips, days=applied.days)


def rebuild(*, earlier: Sequence[Execution], fills: Sequence[Execution], unit: Unit) -> Change:
    """Return the change from books over `earlier` to books over `earlier` and `fills`.

    So a late fill gives the state that it had given in time.
    """
    before = apply_fills(state=State(), fills=earlier, unit=unit)
    after = apply_fills(state=State(), fills=[*earlier, *fills], unit=unit)
    return Change(
        state=after.state,
        trips=after.trips,
        days=_difference(after.days, before.days),
        is_rebuilt=True,
    )


def _difference(
    after: dict[date, DayResult], before: dict[date, DayResult]
) -> dict[date, DayResult]:
    return {
        day: after.get(day, DayResult()).minus(before.get(day, DayResult()))
        for day in sorted(after.keys() | before.keys())
    }
