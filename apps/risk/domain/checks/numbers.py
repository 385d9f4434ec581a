"""Numbers that are none: NaN, infinities, and magnitudes no market has."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from apps.risk.domain.forms import ProposedOrder, Refusal

MAGNITUDE_MAX: Final = 19


def _is_sane(value: Decimal) -> bool:
    return value.is_finite() and value.adjusted() <= MAGNITUDE_MAX


def numbers(proposed: ProposedOrder) -> tuple[Refusal, ...]:
    """Refuse amounts and prices that are not finite, too large to be meant, or not positive."""
    fields = (
        ("amount", proposed.amount),
        ("price", proposed.price),
        ("stop_price", proposed.stop_price),
        ("trailing_rate", proposed.trailing_rate),
        ("worst_price", proposed.worst_price),
    )
    found = []
    for name, value in fields:
        if value is None:
            continue
        if not _is_sane(value):
            found.append(Refusal("NOT_A_NUMBER", {"field": name, "value": str(value)}))
        elif value <= 0:
            found.append(Refusal("NOT_POSITIVE", {"field": name, "value": value}))
    return tuple(found)


def usable_price(value: Decimal) -> bool:
    """Return whether a market's price can be reckoned with: finite, positive, of sane size."""
    return _is_sane(value) and value > 0
