"""Check a closed round trip: its profit and fees drawn once more from fills the venue has shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO, plain
from apps.portfolio.domain.position import Execution, State, Trip, Unit, apply_fills
from apps.reconciliation.domain.differences import Difference

STEPS_OF_DUST: Final = 2


def verify_trip(
    *, trip: Trip, fills: Sequence[Execution], unit: Unit, subject: str
) -> Difference | None:
    """Return how the stored trip differs from what its fills (from opened to closed) come to.

    A trip may start and end with less than one amount step of dust: its worth is the tolerance.
    """
    state = apply_fills(state=State(), fills=fills, unit=unit).state
    profit = state.realised_profit - state.fees
    top = max((fill.price for fill in fills), default=ZERO)
    tolerance = STEPS_OF_DUST * unit.amount_step * top
    if (
        fills
        and abs(profit - trip.profit) <= tolerance
        and abs(state.fees - trip.fees) <= _fee(tolerance)
    ):
        return None
    return Difference(
        "profit", f"{subject} {trip.closed_at:%Y-%m-%d %H:%M:%S}", "warning",
        book={"profit": plain(trip.profit), "fees": plain(trip.fees)},
        venue={"profit": plain(profit), "fees": plain(state.fees), "fills": str(len(fills))},
    )  # fmt: skip


def _fee(tolerance: Decimal) -> Decimal:
    """Return what dust may change of the fees: less than what it is worth."""
    return tolerance / 100
