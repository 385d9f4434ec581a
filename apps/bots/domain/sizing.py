"""How large a bot trades: four modes, read from a config and refused when dangerous."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact, plain
from apps.core.errors import InvalidInput

POSITION_SHARE_MAX: Final = Decimal("0.5")
POSITION_SHARE_WARNED: Final = Decimal("0.2")
# mode -> (field, smallest excluded, largest included)
MODES: Final[dict[str, tuple[str, Decimal | None]]] = {
    "fixed_cost": ("cost", None),
    "equity_fraction": ("fraction", POSITION_SHARE_MAX),
    "risk_per_trade": ("fraction", Decimal("0.05")),
    "volatility_target": ("volatility", Decimal(2)),
}
ORDER_TYPES: Final = ("market", "limit")
# Perpetuals: what a config may say about them.
LEVERAGE_MAX: Final = Decimal(20)
MARGIN_MODES: Final = ("cross", "isolated")
SIDES: Final = ("long", "short", "both")
PERPETUAL_FIELDS: Final = ("leverage", "margin_mode", "sides")
PROTECTION_MAX: Final[dict[str, Decimal]] = {
    "stop_loss": Decimal("0.5"),
    "take_profit": Decimal(10),
    "trailing_stop": Decimal("0.5"),
}


class DangerousConfig(InvalidInput):
    """The configuration risks more than the desk allows anybody; `would_pass` says what fits."""

    default_code = "DANGEROUS_CONFIG"


@dataclass(frozen=True, slots=True)
class Sizing:
    """A position's cost at exposure 1.

    `value`: quote units (fixed_cost), share of equity (equity_fraction), share of equity lost
    at the stop (risk_per_trade), wanted volatility a year as a fraction (volatility_target).
    `max_fraction`: the position's largest share of equity. Perpetuals: the position's value is
    `leverage` times its margin, and value and shares above speak of the margin; `sides` says which
    exposures are traded, `margin_mode` how the venue holds the margin. Spot ignores all three.
    """

    mode: str
    value: Decimal
    order_type: str = "market"
    max_fraction: Decimal = POSITION_SHARE_MAX
    leverage: Decimal = Decimal(1)
    margin_mode: str = "cross"
    sides: str = "long"

    def as_dict(self) -> dict[str, str]:
        """Return the canonical form that a config stores; what only perpetuals know if it is set."""
        stored = {
            "mode": self.mode,
            MODES[self.mode][0]: plain(self.value),
            "order_type": self.order_type,
            "max_fraction": plain(self.max_fraction),
        }
        if self.leverage != 1:
            stored["leverage"] = plain(self.leverage)
        if self.margin_mode != "cross":
            stored["margin_mode"] = self.margin_mode
        if self.sides != "long":
            stored["sides"] = self.sides
        return stored

    @property
    def is_for_perpetuals(self) -> bool:
        """Return whether it says something that spot cannot do."""
        return self.leverage != 1 or self.margin_mode != "cross" or self.sides != "long"


@dataclass(frozen=True, slots=True)
class Protected:
    """Distances from the entry price as fractions of it; `trailing_stop` follows the price."""

    stop_loss: Decimal
    take_profit: Decimal | None = None
    trailing_stop: Decimal | None = None

    def as_dict(self) -> dict[str, str]:
        """Return the canonical form that a config stores."""
        more = {"take_profit": self.take_profit, "trailing_stop": self.trailing_stop}
        set_ones = {name: plain(value) for name, value in more.items() if value is not None}
        return {"stop_loss": plain(self.stop_loss), **set_ones}


def parse_sizing(raw: Mapping[str, Any]) -> Sizing:
    """Return the sizing that `raw` describes; numbers are texts or whole numbers.

    :raises InvalidInput: `SIZING_MODE_UNKNOWN`, `SIZING_FIELD_UNKNOWN`, `SIZING_OUT_OF_RANGE`,
        `ORDER_TYPE_UNKNOWN`, `NOT_A_NUMBER`.
    :raises DangerousConfig: `POSITION_SHARE_TOO_LARGE` above half of the equity.
    """
    mode = raw.get("mode") if isinstance(raw, Mapping) else None
    if mode not in MODES:
        raise InvalidInput("SIZING_MODE_UNKNOWN", field="sizing", value=mode, known=list(MODES))
    name, highest = MODES[mode]
    for key in raw:
        if key not in {"mode", name, "order_type", "max_fraction", *PERPETUAL_FIELDS}:
            raise InvalidInput("SIZING_FIELD_UNKNOWN", field=f"sizing.{key}", mode=mode)
    value = exact(raw.get(name, ""), field=f"sizing.{name}")
    if mode == "equity_fraction" and value > POSITION_SHARE_MAX:
        raise _too_large(f"sizing.{name}", value)
    if value <= 0 or (highest is not None and value > highest):
        highest_text = None if highest is None else plain(highest)
        raise InvalidInput(
            "SIZING_OUT_OF_RANGE", field=f"sizing.{name}", value=plain(value), max=highest_text
        )
    order_type = raw.get("order_type", "market")
    if order_type not in ORDER_TYPES:
        raise InvalidInput("ORDER_TYPE_UNKNOWN", field="sizing.order_type", known=list(ORDER_TYPES))
    margin_mode, sides = raw.get("margin_mode", "cross"), raw.get("sides", "long")
    if margin_mode not in MARGIN_MODES:
        raise InvalidInput(
            "MARGIN_MODE_UNKNOWN", field="sizing.margin_mode", known=list(MARGIN_MODES)
        )
    if sides not in SIDES:
        raise InvalidInput("SIDES_UNKNOWN", field="sizing.sides", known=list(SIDES))
    return Sizing(mode, value, order_type, _max_fraction(raw), _leverage(raw), margin_mode, sides)


def _leverage(raw: Mapping[str, Any]) -> Decimal:
    """Return the leverage: a whole number, since that is what venues take."""
    value = exact(raw.get("leverage", 1), field="sizing.leverage")
    if value < 1 or value % 1:
        raise InvalidInput(
            "SIZING_OUT_OF_RANGE", field="sizing.leverage", value=plain(value), min="1"
        )
    if value > LEVERAGE_MAX:
        raise DangerousConfig(
            "LEVERAGE_TOO_HIGH", field="sizing.leverage", value=plain(value),
            would_pass=plain(LEVERAGE_MAX),
        )  # fmt: skip
    return value


def _max_fraction(raw: Mapping[str, Any]) -> Decimal:
    value = exact(raw.get("max_fraction", POSITION_SHARE_MAX), field="sizing.max_fraction")
    if value > POSITION_SHARE_MAX:
        raise _too_large("sizing.max_fraction", value)
    if value <= 0:
        raise InvalidInput("SIZING_OUT_OF_RANGE", field="sizing.max_fraction", value=plain(value))
    return value


def _too_large(field: str, value: Decimal) -> DangerousConfig:
    return DangerousConfig(
        "POSITION_SHARE_TOO_LARGE",
        field=field,
        value=plain(value),
        would_pass=plain(POSITION_SHARE_MAX),
    )


def parse_protection(raw: Mapping[str, Any]) -> Protected:
    """Return the protection that `raw` describes; a stop loss is required.

    :raises InvalidInput: `STOP_LOSS_REQUIRED`, `PROTECTION_OUT_OF_RANGE`, `PROTECTION_FIELD_UNKNOWN`,
        `TRAILING_WIDER_THAN_STOP` (a trailing stop never risks more than the stop loss).
    """
    if not isinstance(raw, Mapping) or raw.get("stop_loss") in {None, ""}:
        raise InvalidInput("STOP_LOSS_REQUIRED", field="protection.stop_loss")
    for key in raw:
        if key not in PROTECTION_MAX:
            raise InvalidInput("PROTECTION_FIELD_UNKNOWN", field=f"protection.{key}")
    found = {
        name: _distance(name, raw[name])
        for name in PROTECTION_MAX
        if raw.get(name) not in {None, ""}
    }
    protection = Protected(**found)
    trail = protection.trailing_stop
    if trail is not None and trail > protection.stop_loss:
        raise InvalidInput(
            "TRAILING_WIDER_THAN_STOP", field="protection.trailing_stop", value=plain(trail),
            would_pass=plain(protection.stop_loss),
        )  # fmt: skip
    return protection


def _distance(name: str, value: Any) -> Decimal:
    distance, most = exact(value, field=f"protection.{name}"), PROTECTION_MAX[name]
    if not 0 < distance <= most:
        raise InvalidInput(
            "PROTECTION_OUT_OF_RANGE", field=f"protection.{name}", value=plain(distance),
            max=plain(most),
        )  # fmt: skip
    return distance


def refuse_danger(*, sizing: Sizing, protection: Protected, equity: Decimal | None) -> None:
    """Refuse a sizing whose one position could exceed half of the equity (quote units).

    With unknown equity a fixed cost is left to the cycle, which asks the same at every entry.

    :raises DangerousConfig: `POSITION_SHARE_TOO_LARGE`, with the number that would pass.
    """
    most = POSITION_SHARE_MAX * sizing.leverage
    if sizing.mode == "risk_per_trade" and sizing.value / protection.stop_loss > most:
        raise DangerousConfig(
            "POSITION_SHARE_TOO_LARGE", field="sizing.fraction", value=plain(sizing.value),
            would_pass=plain(most * protection.stop_loss),
        )  # fmt: skip
    if sizing.margin_mode == "isolated" and protection.stop_loss * sizing.leverage >= 1:
        # without further collateral a position is liquidated before it has lost 1/leverage
        highest = (1 / protection.stop_loss).to_integral_value(rounding="ROUND_CEILING") - 1
        raise DangerousConfig(
            "LIQUIDATION_BEFORE_STOP", field="sizing.leverage", value=plain(sizing.leverage),
            would_pass=plain(max(Decimal(1), highest)),
        )  # fmt: skip
    if (
        sizing.mode == "fixed_cost"
        and equity is not None
        and sizing.value > equity * POSITION_SHARE_MAX
    ):
        raise DangerousConfig(
            "POSITION_SHARE_TOO_LARGE", field="sizing.cost", value=plain(sizing.value),
            would_pass=plain(max(equity * POSITION_SHARE_MAX, Decimal(0))),
        )  # fmt: skip
