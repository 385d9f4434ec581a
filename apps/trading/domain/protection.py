"""From a position without its right exits to the orders that give it them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from json import loads
from typing import Final
from uuid import UUID

from apps.bots.domain.execution import parse_execution
from apps.core.domain.money import ceil_to, floor_to
from apps.orders.domain.exits import exit_flags, is_touched, pairing
from apps.risk.domain.forms import ProposedOrder, Reference, Rules
from apps.venues.domain.capabilities import capability

STOP: Final = "protect"
TARGET: Final = "target"
LEAVE: Final = "reduce"


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A position and the exits it should have: amounts in base units, prices in quote per base.

    `held` is signed, `amount` what its exits shall cover; `side` is theirs. `stop_id` and
    `target_id` = unfinished legs that stand now, `stop_fits` and `target_fits` whether they do;
    `attempts` = exits it has had before; `basis` in quote units. `rests`: the target stands at the
    venue too, else the desk watches it.
    """

    account_id: UUID
    bot_id: UUID
    config_id: UUID
    instrument_id: int
    symbol: str
    opened_at: datetime | None
    amount: Decimal
    stop_price: Decimal
    held: Decimal
    basis: Decimal
    stop_id: UUID | None
    attempts: int
    rules: Rules
    last: Decimal | None
    side: str
    trailing_rate: Decimal | None
    target_price: Decimal | None
    rests: bool
    target_id: UUID | None
    group_id: UUID | None
    venue: str
    kind: str
    position_mode: str
    execution: str
    stop_fits: bool
    target_fits: bool


@dataclass(frozen=True, slots=True)
class Leg:
    """One exit to record: what is proposed, what must end first, and which part it plays."""

    role: str
    proposed: ProposedOrder
    replaces_id: UUID | None
    position_side: str


def is_native(position: Unprotected) -> bool:
    """Return whether the venue itself ties the exits of this position."""
    row = capability(venue=position.venue, kind=position.kind)
    found = pairing(
        row=row,
        has_target=position.target_price is not None,
        is_trailing=position.trailing_rate is not None,
    )
    return found == "native"


def plan(position: Unprotected) -> list[Leg]:
    """Return the exits to record: a sale at market where the price is there already, else legs.

    A native pair is always renewed as a whole, since the venue ends both legs together.
    """
    if _is_past(position):
        return [_leave(position)]
    if is_native(position):
        stop = position.stop_id or position.target_id
        return [_stop(position, stop), _target(position, position.target_id or stop)]
    legs = [] if position.stop_fits else [_stop(position, position.stop_id)]
    if position.rests and not position.target_fits:
        legs.append(_target(position, position.target_id))
    return legs


def _is_past(position: Unprotected) -> bool:
    """Return whether the market is beyond the stop or at the target: an order there fires at once."""
    last, side = position.last, position.side
    if position.target_price is not None and is_touched(
        side=side, target=position.target_price, last=last
    ):
        return not (position.rests and position.target_fits)
    if last is None or position.trailing_rate is not None or position.stop_fits:
        return False
    return last <= position.stop_price if side == "sell" else last >= position.stop_price


def _order(
    position: Unprotected, purpose: str, order_type: str, **terms: Decimal | None
) -> tuple[ProposedOrder, str]:
    reduce_only, position_side = exit_flags(
        kind=position.kind, position_mode=position.position_mode, side=position.side
    )
    reference = None if position.last is None else Reference(position.last, 0.0)
    proposed = ProposedOrder(
        position.account_id, position.bot_id, position.instrument_id, purpose, position.side,
        order_type, position.amount, reference=reference, reduce_only=reduce_only, **terms,  # type: ignore[arg-type]
    )  # fmt: skip
    return proposed, position_side


def _stop(position: Unprotected, replaces_id: UUID | None) -> Leg:
    if position.trailing_rate is None:
        proposed, side = _order(position, "protect", "stop_market", stop_price=position.stop_price)
    else:
        proposed, side = _order(
            position, "protect", "trailing_stop_market", trailing_rate=position.trailing_rate
        )
    return Leg(STOP, proposed, replaces_id, side)


def _target(position: Unprotected, replaces_id: UUID | None) -> Leg:
    proposed, side = _order(position, "protect", "limit", price=position.target_price)
    return Leg(TARGET, proposed, replaces_id, side)


def _leave(position: Unprotected) -> Leg:
    rate = parse_execution(loads(position.execution)).slippage_rate("reduce")
    worst = worst_price(
        side=position.side, arrival=position.last, rate=rate, tick=position.rules.price_tick
    )
    proposed, side = _order(position, "reduce", "market", worst_price=worst)
    return Leg(LEAVE, proposed, position.stop_id or position.target_id, side)


def worst_price(
    *, side: str, arrival: Decimal | None, rate: Decimal, tick: Decimal
) -> Decimal | None:
    """Return the slippage guard: arrival plus (buy) or minus (sell) `rate` of it, on the tick.

    Rounded towards the arrival price; None when no price is known: an exit then goes unguarded.
    """
    if arrival is None or not arrival.is_finite() or arrival <= 0:
        return None
    if side == "buy":
        return floor_to(arrival * (1 + rate), tick)
    return max(ceil_to(arrival * (1 - rate), tick), tick)
