"""Linear perpetuals: their rules, their leverage brackets, and the names they go by.

Inside the exchange a perpetual is `BTCUSDT_PERP`, so that it shares books and numbers with the
spot pair `BTCUSDT`; on /fapi both are `BTCUSDT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.simulator.domain.instruments import LINEAR, LINEAR_SUFFIX, Instrument
from apps.simulator.domain.refusals import invalid_symbol

ONE_WAY: Final = "BOTH"
POSITION_SIDES: Final = ("BOTH", "LONG", "SHORT")
LEVERAGE_DEFAULT: Final = 20
ALGO_ORDERS_MAX: Final = 10
ORDERS_MAX: Final = 200
# Fractions: what a forced close costs, and the rates of an account without terms of its own.
LIQUIDATION_FEE: Final = Decimal("0.0125")
FEE_MAKER: Final = Decimal("0.0002")
FEE_TAKER: Final = Decimal("0.0005")
# How far a limit may lie from the mark price (PERCENT_PRICE).
PRICE_UP: Final = Decimal("1.15")
PRICE_DOWN: Final = Decimal("0.85")
EIGHT: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Bracket:
    """From `floor` to `cap` quote units of notional: highest leverage, maintenance rate, and `cum`.

    Maintenance margin = notional x rate - cum.
    """

    number: int
    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal
    cum: Decimal


def _brackets(*rows: tuple[int, int, str]) -> tuple[Bracket, ...]:
    """Return brackets of (cap, leverage, rate) rows; `cum` keeps the margin continuous."""
    found: list[Bracket] = []
    for number, (cap, leverage, rate) in enumerate(rows, start=1):
        before = found[-1] if found else Bracket(0, ZERO, ZERO, leverage, Decimal(rate), ZERO)
        cum = before.cum + before.cap * (Decimal(rate) - before.rate)
        found.append(Bracket(number, before.cap, Decimal(cap), leverage, Decimal(rate), cum))
    return tuple(found)


_DEEP: Final = _brackets(
    (50_000, 125, "0.004"), (250_000, 100, "0.005"), (3_000_000, 50, "0.01"),
    (15_000_000, 20, "0.025"), (30_000_000, 10, "0.05"), (80_000_000, 5, "0.10"),
    (100_000_000, 4, "0.125"), (200_000_000, 3, "0.15"), (300_000_000, 2, "0.25"),
    (500_000_000, 1, "0.50"),
)  # fmt: skip
_SHALLOW: Final = _brackets(
    (10_000, 75, "0.0065"), (100_000, 50, "0.01"), (500_000, 25, "0.02"),
    (1_000_000, 10, "0.05"), (2_000_000, 5, "0.10"), (5_000_000, 2, "0.25"),
    (10_000_000, 1, "0.50"),
)  # fmt: skip


def brackets_of(instrument: Instrument) -> tuple[Bracket, ...]:
    """Return the brackets of a contract, smallest first."""
    return _DEEP if instrument.base in {"BTC", "ETH"} else _SHALLOW


def bracket_at(instrument: Instrument, notional: Decimal) -> Bracket:
    """Return the bracket a notional (quote units) falls into, the last one beyond every cap."""
    brackets = brackets_of(instrument)
    return next((bracket for bracket in brackets if notional <= bracket.cap), brackets[-1])


def leverage_max(instrument: Instrument) -> int:
    """Return the highest leverage of the smallest bracket."""
    return brackets_of(instrument)[0].leverage


def notional_max(instrument: Instrument, leverage: int) -> Decimal:
    """Return the largest notional (quote units) that may be held at `leverage`."""
    allowed = [bracket.cap for bracket in brackets_of(instrument) if bracket.leverage >= leverage]
    return max(allowed, default=ZERO)


def inner_symbol(venue_symbol: str) -> str:
    """Return what the exchange calls the contract that /fapi calls `venue_symbol`."""
    return venue_symbol + LINEAR_SUFFIX


def venue_symbol(symbol: str) -> str:
    """Return what /fapi calls a contract."""
    return symbol.removesuffix(LINEAR_SUFFIX)


def contract_of(instruments: dict[str, Instrument], name: str) -> Instrument:
    """Return the contract that /fapi calls `name`.

    :raises Refusal: -1121 when none is listed under it.
    """
    found = instruments.get(inner_symbol(name))
    if found is None or found.kind != LINEAR:
        raise invalid_symbol()
    return found
