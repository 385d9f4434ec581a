"""Compare the ledger's balances with the venue's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO, plain
from apps.reconciliation.domain.differences import Difference

# One precision unit of venues that round what they show; the simulated exchange is exact.
TOLERANCE: Final = {"simulated": ZERO, "testnet": Decimal("1e-8"), "live": Decimal("1e-8")}


def compare_balances(
    *, book: Mapping[str, Decimal], venue: Mapping[str, Decimal], environment: str
) -> list[Difference]:
    """Return the assets whose amounts differ by more than the environment's tolerance."""
    tolerance = TOLERANCE[environment]
    return [
        Difference(
            "balance", asset, "critical",
            book={"amount": plain(book.get(asset, ZERO))},
            venue={"amount": plain(venue.get(asset, ZERO))},
        )
        for asset in sorted(book.keys() | venue.keys())
        if abs(book.get(asset, ZERO) - venue.get(asset, ZERO)) > tolerance
    ]  # fmt: skip


def in_motion(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> frozenset[str]:
    """Return the assets whose booked amounts changed while the venue was asked."""
    return frozenset(
        asset
        for asset in before.keys() | after.keys()
        if before.get(asset, ZERO) != after.get(asset, ZERO)
    )
