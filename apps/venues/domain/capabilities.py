"""What each venue can do with an order, and what the desk does where it cannot.

`native`: the venue does it. `emulated`: the desk does it with orders the venue has, where that is
safe. `refused`: the desk says no with `NOT_AT_THIS_VENUE`, because imitating it would leave a
position unprotected or an order alive that nobody watches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from apps.core.domain.money import floor_to, plain
from apps.core.errors import InvalidInput

FEATURES: Final = (
    "market", "limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit",
    "trailing_stop_market", "GTC", "IOC", "FOK", "GTD", "post_only", "reduce_only", "amend", "edit",
    "oco", "bracket", "slippage_guard", "cancel_all", "hedge_mode", "isolated_margin",
)  # fmt: skip


class How(StrEnum):
    """Who does it."""

    NATIVE = "native"
    EMULATED = "emulated"
    REFUSED = "refused"


class NotAtThisVenue(InvalidInput):
    """The venue lacks it and it cannot be imitated safely."""

    default_code = "NOT_AT_THIS_VENUE"


@dataclass(frozen=True, slots=True)
class Capability:
    """One venue's row for one kind of instrument; a feature that is not listed is refused."""

    venue: str
    kind: str
    features: Mapping[str, How] = field(default_factory=dict)
    client_id_form: str = r"[0-9a-f]{32}"
    stop_orders_max: int = 5
    # symbols apart, whether a stop locks the balance that an exit needs
    stop_locks_balance: bool = True
    # of a trailing stop's distance, as fractions of the price
    trailing_min: Decimal = Decimal("0.001")
    trailing_max: Decimal = Decimal("0.2")
    trailing_step: Decimal = Decimal("0.0001")

    def how(self, feature: str) -> How:
        """Return who does `feature` (a name of FEATURES)."""
        return self.features.get(feature, How.REFUSED)

    def trailing_fits(self, rate: Decimal) -> tuple[str, Decimal] | None:
        """Return None for a distance that the venue takes, else the code and what would pass."""
        nearest = min(max(rate, self.trailing_min), self.trailing_max)
        if rate != nearest:
            return "TRAILING_OUT_OF_RANGE", nearest
        if rate % self.trailing_step:
            return "TRAILING_OFF_STEP", floor_to(rate, self.trailing_step)
        return None


def row(
    venue: str, kind: str, *, native: str, emulated: str = "", **more: object
) -> Capability:  # fmt: skip
    """Return a row from two lists of words."""
    features = dict.fromkeys(native.split(), How.NATIVE)
    features |= dict.fromkeys(emulated.split(), How.EMULATED)
    return Capability(venue, kind, features, **more)  # type: ignore[arg-type]


_PLAIN: Final = "market limit stop_market stop_limit take_profit_market take_profit_limit GTC IOC"
# what the desk does with limit and stop orders wherever they are native
_SPOT: Final = "reduce_only GTD amend oco bracket slippage_guard cancel_all"
_LINEAR: Final = "GTD amend oco bracket slippage_guard cancel_all"

_ROWS: Final = (
    row(
        "binance", "spot",
        native="market limit stop_market stop_limit take_profit_market take_profit_limit"
        " trailing_stop_market GTC IOC FOK post_only oco cancel_all",
        # reduce_only: the judge holds exits below the position; amend: cancel, then a new order
        emulated="reduce_only GTD amend bracket slippage_guard",
    ),
    row(
        "binanceusdm", "linear",
        native="market limit stop_market stop_limit take_profit_market take_profit_limit"
        " trailing_stop_market GTC IOC FOK GTD post_only reduce_only cancel_all hedge_mode"
        " isolated_margin edit",
        # amend: as everywhere, although the venue can edit a limit order in place (ADR 14)
        emulated="amend oco bracket slippage_guard",
        stop_orders_max=10,
        stop_locks_balance=False,
        trailing_max=Decimal("0.1"),
        trailing_step=Decimal("0.001"),
    ),
    # its trailing stop belongs to a position, not to an order
    row("bybit", "spot", native=f"{_PLAIN} FOK post_only", emulated=_SPOT, stop_orders_max=30),
    row(
        "bybit", "linear",
        native=f"{_PLAIN} FOK post_only reduce_only hedge_mode isolated_margin",
        emulated=_LINEAR, stop_orders_max=10, stop_locks_balance=False,
    ),
    row(
        "okx", "spot",
        native=f"{_PLAIN} FOK post_only trailing_stop_market", emulated=_SPOT, stop_orders_max=100,
    ),
    row(
        "okx", "linear",
        native=f"{_PLAIN} FOK post_only trailing_stop_market reduce_only hedge_mode isolated_margin",
        emulated=_LINEAR, stop_orders_max=100, stop_locks_balance=False,
    ),
    row(
        "kraken", "spot",
        native=f"{_PLAIN} GTD post_only trailing_stop_market",
        emulated=_SPOT.replace("GTD ", ""), stop_orders_max=60,
    ),
    row("kucoin", "spot", native=f"{_PLAIN} FOK post_only", emulated=_SPOT, stop_orders_max=20),
    # no market orders: they are limit orders that take what there is within 5 %
    row(
        "hyperliquid", "spot",
        native="limit GTC IOC post_only",
        emulated="market reduce_only GTD amend slippage_guard cancel_all", stop_orders_max=0,
    ),
    row(
        "hyperliquid", "linear",
        native=f"{_PLAIN.removeprefix('market ')} post_only reduce_only isolated_margin",
        emulated=f"market {_LINEAR}", stop_orders_max=100, stop_locks_balance=False,
    ),
)  # fmt: skip
CAPABILITIES: Final[dict[tuple[str, str], Capability]] = {(r.venue, r.kind): r for r in _ROWS}


def capability(*, venue: str, kind: str) -> Capability:
    """Return the row of a venue and kind (`spot` or `linear`); an unknown one refuses all."""
    return CAPABILITIES.get((venue, kind), Capability(venue, kind))


def demand(*, venue: str, kind: str, features: tuple[str, ...]) -> dict[str, How]:
    """Return who does each of `features`.

    :raises NotAtThisVenue: names the first that is refused.
    """
    found = {feature: capability(venue=venue, kind=kind).how(feature) for feature in features}
    for feature, how in found.items():
        if how is How.REFUSED:
            raise NotAtThisVenue(venue=venue, kind=kind, feature=feature)
    return found


def demand_trailing(*, venue: str, kind: str, rate: Decimal, field: str = "trailing_rate") -> None:
    """Refuse a trailing distance (fraction of the price) that the venue would refuse.

    A stop that nobody takes protects nothing, so it is refused before anything depends on it.

    :raises InvalidInput: `TRAILING_OUT_OF_RANGE`, `TRAILING_OFF_STEP`, with what would pass.
    """
    if misfit := capability(venue=venue, kind=kind).trailing_fits(rate):
        code, passes = misfit
        raise InvalidInput(code, field=field, value=plain(rate), would_pass=plain(passes))
