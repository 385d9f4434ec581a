"""Positions, round trips and daily results as functions of fills in market order.

Average cost: a buy adds its cost to the basis, a sale takes out its share of it; a short holding has
a negative amount and a negative basis, and sales add to it. Amounts are base units, everything else
quote units. Rounding: half-even to 18 places, the precision of the columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Final

from apps.core.domain.money import ZERO, settle

# Enough that a product of two columns and its quotient are rounded once, at the end.
DIGITS: Final = 80


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill as the books need it; `fee` in `fee_asset`, positive when paid."""

    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str
    at: datetime
    venue_order_id: str
    venue_trade_id: str

    @property
    def key(self) -> tuple[datetime, int, str, str]:
        """The place in market order: time, then the venue's trade number, then its order id."""
        return (self.at, len(self.venue_trade_id), self.venue_trade_id, self.venue_order_id)


@dataclass(frozen=True, slots=True)
class Unit:
    """What an instrument's amounts mean: its assets, and the step below which one is flat.

    `settle` is the asset a perpetual pays in, empty on spot. A perpetual's holding is no asset, so
    that no fee comes out of it, not even one paid in an asset of the same name.
    """

    base: str
    quote: str
    amount_step: Decimal
    settle: str = ""


@dataclass(slots=True)
class State:
    """What a bot holds of an instrument; the `trip_` values belong to the open round trip."""

    amount: Decimal = ZERO
    basis: Decimal = ZERO
    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO
    opened_at: datetime | None = None
    last_fill_at: datetime | None = None
    round_trips: int = 0
    trip_profit: Decimal = ZERO
    trip_fees: Decimal = ZERO
    trip_entry_cost: Decimal = ZERO
    trip_exit_cost: Decimal = ZERO


@dataclass(frozen=True, slots=True, order=True)
class Trip:
    """From flat to flat; `profit` after fees."""

    opened_at: datetime
    closed_at: datetime
    profit: Decimal
    fees: Decimal
    entry_cost: Decimal
    exit_cost: Decimal


@dataclass(slots=True)
class DayResult:
    """What one UTC day brought: profit before fees, fees, number of fills, funding (paid < 0)."""

    realised_profit: Decimal = ZERO
    fees: Decimal = ZERO
    fills: int = 0
    funding: Decimal = ZERO

    def add(self, other: DayResult) -> None:
        """Count `other` in."""
        self.realised_profit += other.realised_profit
        self.fees += other.fees
        self.fills += other.fills
        self.funding += other.funding

    def minus(self, other: DayResult) -> DayResult:
        """Return what this has more than `other`."""
        return DayResult(
            realised_profit=self.realised_profit - other.realised_profit,
            fees=self.fees - other.fees,
            fills=self.fills - other.fills,
            funding=self.funding - other.funding,
        )


@dataclass(slots=True)
class Applied:
    """The state after some fills, with the trips they closed and what each day gained."""

    state: State
    trips: list[Trip] = field(default_factory=list)
    days: dict[date, DayResult] = field(default_factory=dict)


def is_flat(amount: Decimal, unit: Unit) -> bool:
    """Return whether `amount` (base units) is less than one can trade."""
    return abs(amount) < unit.amount_step


def apply_fills(*, state: State, fills: Iterable[Execution], unit: Unit) -> Applied:
    """Return the books after `fills`, taken in market order; `state` is changed in place."""
    applied = Applied(state=state)
    with localcontext(prec=DIGITS):
        for execution in sorted(fills, key=lambda e: e.key):
            _apply(applied, execution, unit)
    return applied


def _apply(applied: Applied, fill: Execution, unit: Unit) -> None:
    day = applied.days.setdefault(fill.at.date(), DayResult())
    day.fills += 1
    for part in _parts(applied.state, fill, unit):
        _apply_part(applied, part, unit, day)


def _parts(state: State, fill: Execution, unit: Unit) -> list[Execution]:
    """Return the fill, or, where it turns a perpetual's side, what closes and what opens of it."""
    closes = abs(state.amount)
    turns = unit.settle and state.amount * _signed(fill) < 0 and fill.amount > closes
    if not turns:
        return [fill]
    fee = settle(fill.fee * closes / fill.amount)
    rest = replace(fill, amount=fill.amount - closes, fee=fill.fee - fee)
    return [replace(fill, amount=closes, fee=fee), rest]


def _apply_part(applied: Applied, fill: Execution, unit: Unit, day: DayResult) -> None:
    state = applied.state
    before = state.amount
    was_flat = is_flat(before, unit)
    fee_base = fill.fee if fill.fee_asset == unit.base and not unit.settle else ZERO
    fee = _fee_value(fill, unit)
    profit = _move(state, _signed(fill) - fee_base, fill.price)
    if was_flat:
        state.opened_at = fill.at
        state.trip_profit = state.trip_fees = state.trip_entry_cost = state.trip_exit_cost = ZERO
    is_short = bool(unit.settle) and (fill.side == "sell" if was_flat else before < 0)
    _count(state, fill, profit=profit, fee=fee, is_entry=(fill.side == "buy") is not is_short)
    day.add(DayResult(profit, fee))
    if is_flat(state.amount, unit):
        _close(applied, fill.at)


def _signed(fill: Execution) -> Decimal:
    return fill.amount if fill.side == "buy" else -fill.amount


def _fee_value(fill: Execution, unit: Unit) -> Decimal:
    """Return the fee in quote units. A third asset has no price here: its ledger lines tell it."""
    if fill.fee_asset == unit.base:
        return settle(fill.fee * fill.price)
    return fill.fee if fill.fee_asset in {unit.quote, unit.settle} else ZERO


def _move(state: State, change: Decimal, price: Decimal) -> Decimal:
    """Move amount and basis by `change` base units at `price`; return the realised profit.

    What goes against the holding realises; what is left over opens the other side.
    """
    if state.amount * change >= 0:
        state.basis += settle(change * price)
        state.amount += change
        return ZERO
    closing = min(abs(change), abs(state.amount)).copy_sign(change)
    closes_all = closing == -state.amount
    basis_out = state.basis if closes_all else settle(state.basis * -closing / state.amount)
    state.basis += settle((change - closing) * price) - basis_out
    state.amount += change
    return -settle(closing * price) - basis_out


def _count(state: State, fill: Execution, *, profit: Decimal, fee: Decimal, is_entry: bool) -> None:
    cost = settle(fill.amount * fill.price)
    state.realised_profit += profit
    state.fees += fee
    state.trip_profit += profit
    state.trip_fees += fee
    if is_entry:
        state.trip_entry_cost += cost
    else:
        state.trip_exit_cost += cost
    state.last_fill_at = max(state.last_fill_at or fill.at, fill.at)


def _close(applied: Applied, at: datetime) -> None:
    state = applied.state
    opened_at = state.opened_at or at
    state.opened_at = None
    state.round_trips += 1
    applied.trips.append(
        Trip(
            opened_at=opened_at,
            closed_at=at,
            profit=state.trip_profit - state.trip_fees,
            fees=state.trip_fees,
            entry_cost=state.trip_entry_cost,
            exit_cost=state.trip_exit_cost,
        )
    )
