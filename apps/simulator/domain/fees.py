"""What a fill costs its owner."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import Instrument

FEE_PLACES: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Fee:
    """An amount of an asset, cut (not rounded up) at 8 places as Binance does."""

    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Execution:
    """Price (quote units) and amount (base units) of one fill, and which side of it this is."""

    side: str
    price: Decimal
    amount: Decimal
    is_maker: bool


def fee_of(
    account: Account,
    instrument: Instrument,
    execution: Execution,
    *,
    fee_asset_price: Decimal | None,
) -> Fee:
    """Return the fee of `execution`; `fee_asset_price` is the third asset's price in quote units.

    Without that price or without enough of the third asset the received asset pays.
    """
    schedule = account.fees
    rate = schedule.maker if execution.is_maker else schedule.taker
    cost = execution.price * execution.amount
    if schedule.mode == "quote":
        return Fee(instrument.quote, _cut(cost * rate))
    if schedule.mode == "asset" and fee_asset_price:
        due = _cut(cost * rate / fee_asset_price)
        if account.balance(schedule.asset).free >= due:
            return Fee(schedule.asset, due)
    if execution.side == "BUY":
        return Fee(instrument.base, _cut(execution.amount * rate))
    return Fee(instrument.quote, _cut(cost * rate))


def fee_reserve(account: Account) -> Decimal:
    """Return the factor by which a buy's lock exceeds its cost, so that its fee can be paid."""
    schedule = account.fees
    if schedule.mode != "quote":
        return Decimal(1)
    return Decimal(1) + max(schedule.maker, schedule.taker)


def _cut(amount: Decimal) -> Decimal:
    return amount.quantize(FEE_PLACES, rounding=ROUND_DOWN)
