"""An account's whole list of fills beside the venue's, one slice of time after the other.

Only a slice is held at a time; what is carried on is each bot's holding and the open day's sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.core.domain.money import ZERO, plain
from apps.portfolio.domain.position import Applied, Execution, State, Unit, apply_fills
from apps.reconciliation.domain.compare import foreign_json, unlike, unshown
from apps.reconciliation.domain.differences import BookFill, Difference
from apps.venues.domain.reports import FillReport

TradeKey = tuple[str, str]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Booked:
    """A fill of ours: what, and whose; a venue's own close of several bots' holdings has parts."""

    fill: BookFill
    parts: tuple[tuple[UUID, Execution], ...]

    @property
    def at(self) -> datetime:
        """Market time of the execution."""
        return self.parts[0][1].at

    def joined(self, bot_id: UUID, execution: Execution) -> Booked:
        """Return the fill with one more part."""
        whole = replace(
            self.fill,
            amount=self.fill.amount + execution.amount,
            fee=self.fill.fee + execution.fee,
        )
        return Booked(whole, (*self.parts, (bot_id, execution)))


@dataclass(slots=True)
class DayTally:
    """One UTC day of one instrument: both lists and what each comes to."""

    fills_desk: int = 0
    fills_venue: int = 0
    fills_equal: int = 0
    profit_desk: Decimal = ZERO
    profit_venue: Decimal = ZERO
    fees_desk: dict[str, Decimal] = field(default_factory=dict)
    fees_venue: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Ledger:
    """What is carried from slice to slice: holdings by our fills and by the venue's, by bot."""

    symbol: str
    unit: Unit
    desk: dict[UUID, State] = field(default_factory=dict)
    venue: dict[UUID, State] = field(default_factory=dict)
    days: dict[date, DayTally] = field(default_factory=dict)
    equal: int = 0
    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    missed: list[FillReport] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether both lists were the same so far."""
        return not self.differences and not self.missed


@dataclass(frozen=True, slots=True)
class Slice:
    """All fills of a span of time by (venue order, venue trade), and whose the venue's orders are."""

    ours: Mapping[TradeKey, Booked]
    theirs: Mapping[TradeKey, FillReport]
    owners: Mapping[str, UUID]


def compare_slice(ledger: Ledger, part: Slice) -> None:
    """Carry `ledger` over one slice; slices come in the order of time."""
    before = len(ledger.differences) + len(ledger.missed)
    foreign: dict[str, list[FillReport]] = {}
    for key, fill in part.theirs.items():
        booked = part.ours.get(key)
        if booked is not None:
            odd = unlike(booked=booked.fill, fill=fill)
            ledger.differences.extend(odd)
            ledger.equal += not odd
            _day(ledger, booked.at).fills_equal += not odd
        elif fill.venue_order_id in part.owners:
            ledger.missed.append(fill)
        else:
            foreign.setdefault(f"{fill.symbol} {fill.venue_order_id}", []).append(fill)
    for key in part.ours.keys() - part.theirs.keys():
        gone = unshown(key=(ledger.symbol, *key), booked=part.ours[key].fill)
        ledger.differences.append(gone)
    for subject, fills in foreign.items():
        ledger.differences.append(
            Difference("foreign_fill", subject, "critical", venue=foreign_json(fills))
        )
    ledger.compared += len(part.ours.keys() | part.theirs.keys())
    is_same = before == len(ledger.differences) + len(ledger.missed)
    _fold(ledger, part, is_same=is_same)


def _fold(ledger: Ledger, part: Slice, *, is_same: bool) -> None:
    """Draw profit and fees from each list by itself; equal lists from equal holdings only once."""
    theirs: dict[UUID, list[Execution]] = {}
    for key, fill in part.theirs.items():
        for owner, execution in _shown(fill, part.ours.get(key), part.owners):
            theirs.setdefault(owner, []).append(execution)
            tally = _day(ledger, execution.at)
            tally.fills_venue += 1
            _add_fee(tally.fees_venue, execution.fee_asset, execution.fee)
    ours: dict[UUID, list[Execution]] = {}
    for booked in part.ours.values():
        for bot, execution in booked.parts:
            ours.setdefault(bot, []).append(execution)
            tally = _day(ledger, execution.at)
            tally.fills_desk += 1
            _add_fee(tally.fees_desk, execution.fee_asset, execution.fee)
    for bot in sorted(theirs.keys() | ours.keys()):
        as_one = is_same and ledger.desk.get(bot, State()) == ledger.venue.get(bot, State())
        drawn = _draw(ledger.venue, bot, theirs.get(bot, []), ledger.unit)
        for day, gained in drawn.days.items():
            _tally(ledger, day).profit_venue += gained.realised_profit
        if not as_one:
            own = _draw(ledger.desk, bot, ours.get(bot, []), ledger.unit)
        else:
            own = drawn
            ledger.desk[bot] = _copy(drawn.state)
        for day, gained in own.days.items():
            _tally(ledger, day).profit_desk += gained.realised_profit


def _shown(
    fill: FillReport, booked: Booked | None, owners: Mapping[str, UUID]
) -> list[tuple[UUID, Execution]]:
    """Return a fill of the venue as the bots bear it; nobody bears one that is not ours."""
    if booked is None:
        owner = owners.get(fill.venue_order_id)
        return [] if owner is None else [(owner, _execution(fill, _moment(fill)))]
    if len(booked.parts) > 1:
        return list(booked.parts)
    return [(booked.parts[0][0], _execution(fill, booked.at))]


def _draw(states: dict[UUID, State], bot: UUID, fills: Iterable[Execution], unit: Unit) -> Applied:
    applied = apply_fills(state=states.setdefault(bot, State()), fills=fills, unit=unit)
    states[bot] = applied.state
    return applied


def _copy(state: State) -> State:
    return State(**{f.name: getattr(state, f.name) for f in fields(State)})


def _execution(fill: FillReport, at: datetime) -> Execution:
    return Execution(
        side=fill.side, price=fill.price, amount=fill.amount, fee=fill.fee,
        fee_asset=fill.fee_asset, at=at, venue_order_id=fill.venue_order_id,
        venue_trade_id=fill.venue_trade_id,
    )  # fmt: skip


def _moment(fill: FillReport) -> datetime:
    return EPOCH + timedelta(milliseconds=fill.at_ms)


def _day(ledger: Ledger, at: datetime) -> DayTally:
    return _tally(ledger, at.date())


def _tally(ledger: Ledger, day: date) -> DayTally:
    return ledger.days.setdefault(day, DayTally())


def _add_fee(fees: dict[str, Decimal], asset: str, fee: Decimal) -> None:
    if fee:
        fees[asset] = fees.get(asset, ZERO) + fee


def pack(state: State) -> dict[str, Any]:
    """Return a holding as JSON: decimals as text, times under `at`."""
    found: dict[str, Any] = {}
    for item in fields(State):
        value = getattr(state, item.name)
        if isinstance(value, Decimal):
            found[item.name] = plain(value)
        elif isinstance(value, datetime):
            found[item.name] = {"at": value.isoformat()}
        elif value is not None:
            found[item.name] = value
    return found


def unpack(packed: Mapping[str, Any]) -> State:
    """Return the holding that `pack` wrote."""
    known = {item.name for item in fields(State)}
    return State(**{name: _value(value) for name, value in packed.items() if name in known})


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return Decimal(value)
    return datetime.fromisoformat(value["at"]) if isinstance(value, Mapping) else value
