"""Exact decimal arithmetic: rounding to ticks and steps, reading text."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal, InvalidOperation
from typing import Final

from apps.core.errors import InvalidInput

ZERO: Final = Decimal(0)
PLACES: Final = Decimal("1e-18")
# Longer text is nobody's price; it would be kept with the refusal.
LENGTH_MAX: Final = 64


def exact(value: str | int | Decimal, *, field: str = "value") -> Decimal:
    """Return a finite Decimal.

    :raises InvalidInput: `NOT_A_NUMBER` for floats, NaN, infinities and text that is no number.
    """
    if isinstance(value, float | bool):
        raise InvalidInput("NOT_A_NUMBER", field=field, value=value)
    if isinstance(value, str) and len(value) > LENGTH_MAX:
        raise InvalidInput("NOT_A_NUMBER", field=field, value=f"{value[:LENGTH_MAX]}…")
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidInput("NOT_A_NUMBER", field=field, value=value) from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise InvalidInput("NOT_A_NUMBER", field=field, value=value)
    return number


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` rounded towards zero to a multiple of `step` (`step` > 0)."""
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` rounded away from zero to a multiple of `step` (`step` > 0)."""
    return (value / step).to_integral_value(rounding=ROUND_UP) * step


def nearest_to(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` rounded half-even to a multiple of `step` (`step` > 0)."""
    return (value / step).to_integral_value(rounding=ROUND_HALF_EVEN) * step


def settle(value: Decimal) -> Decimal:
    """Return `value` rounded half-even to 18 places, the precision of every money column."""
    return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """Return `value` as text without exponent or trailing zeros: `1.50` becomes `1.5`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
