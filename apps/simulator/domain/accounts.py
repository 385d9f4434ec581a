"""Customers of the exchange: balances and fee schedules."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO

FEE_MODES: Final = ("received", "quote", "asset")


@dataclass(slots=True)
class Balance:
    """What an account holds of one asset: free, and locked by open orders."""

    free: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Rates as fractions; `mode` says what the fee is taken from.

    `received`: the asset the fill brings; `quote`: always the quote asset; `asset`: the named
    third asset while the account has enough of it, else as `received`.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    mode: str = "received"
    asset: str = ""


@dataclass(slots=True)
class Account:
    """One customer: credentials, fee schedule, balances by asset."""

    account_id: int
    name: str
    api_key: str
    secret: str
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    balances: dict[str, Balance] = field(default_factory=dict)

    def balance(self, asset: str) -> Balance:
        """Return the balance of `asset`, opening an empty one where there is none."""
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found
