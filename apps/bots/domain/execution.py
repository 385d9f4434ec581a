"""How patiently a bot trades: slippage guard, unfilled orders, escalation of exits.

One place for the defaults; a config stores only what it sets itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact, plain
from apps.core.errors import InvalidInput

BPS: Final = Decimal(10_000)
# Wider for what must get out; a flatten takes nearly any price.
WIDER: Final[dict[str, int]] = {"entry": 1, "reduce": 3, "protect": 3, "flatten": 10}
# name -> (smallest, largest, whole numbers only); the bps stay within the judge's price collar
RANGES: Final[dict[str, tuple[int, int, bool]]] = {
    "slippage_bps": (1, 300, False),
    "unfilled_timeout_seconds": (5, 604_800, True),
    "exit_reprices": (0, 10, True),
    "exit_failures": (1, 20, True),
}
EXIT_TYPES: Final = ("market", "limit")


@dataclass(frozen=True, slots=True)
class Execution:
    """`slippage_bps`: how much worse than the arrival price a market entry may fill, basis points.

    `unfilled_timeout_seconds` (market time): a resting entry is then cancelled, an exit priced
    anew, after `exit_reprices` times sent at market. After `exit_failures` exits that failed in a
    row the bot gets a restriction and an emergency exit.
    """

    slippage_bps: Decimal = Decimal(100)
    unfilled_timeout_seconds: int = 600
    exit_order_type: str = "market"
    exit_reprices: int = 2
    exit_failures: int = 3

    def slippage_rate(self, purpose: str) -> Decimal:
        """Return the guard's distance for orders of `purpose` as a fraction of the price."""
        return self.slippage_bps * WIDER[purpose] / BPS


def parse_execution(raw: Mapping[str, Any]) -> Execution:
    """Return the execution that `raw` describes; what it does not name has its default.

    :raises InvalidInput: `EXECUTION_FIELD_UNKNOWN`, `EXECUTION_OUT_OF_RANGE`, `ORDER_TYPE_UNKNOWN`,
        `NOT_A_NUMBER`; the code names the field and the range that would pass.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput("EXECUTION_FIELD_UNKNOWN", field="execution")
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "exit_order_type":
            if value not in EXIT_TYPES:
                raise InvalidInput(
                    "ORDER_TYPE_UNKNOWN", field=f"execution.{key}", known=list(EXIT_TYPES)
                )
            values[key] = value
        elif key in RANGES:
            values[key] = _number(key, value)
        else:
            known = [*RANGES, "exit_order_type"]
            raise InvalidInput("EXECUTION_FIELD_UNKNOWN", field=f"execution.{key}", known=known)
    return Execution(**values)


def canonical(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return what a config stores: the fields that `raw` sets, as text.

    :raises InvalidInput: as `parse_execution`.
    """
    parsed = parse_execution(raw)
    found = {key: getattr(parsed, key) for key in sorted(raw)}
    return {k: plain(v) if isinstance(v, Decimal) else str(v) for k, v in found.items()}


def _number(key: str, value: Any) -> Decimal | int:
    low, high, is_whole = RANGES[key]
    number = exact(value, field=f"execution.{key}")
    if not low <= number <= high or (is_whole and number != int(number)):
        raise InvalidInput(
            "EXECUTION_OUT_OF_RANGE",
            field=f"execution.{key}",
            value=plain(number),
            min=low,
            max=high,
        )
    return int(number) if is_whole else number
