"""From a wanted exposure to an amount: the platform sizes, not the strategy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from apps.bots.domain.sizing import Protected, Sizing
from apps.core.domain.money import ZERO, floor_to, plain
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata.domain.candles import Candles
from apps.risk.domain.forms import Rules
from apps.trading.domain.batch import Code

YEAR_MS: Final = 365 * 86_400_000
VOLATILITY_CANDLES: Final = 60
VOLATILITY_CANDLES_MIN: Final = 30
# What a fee in the base asset may take before the venue holds less than was bought.
EIGHT_PLACES: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a size is computed from: price in quote per base, equity in quote units.

    `volatility` = standard deviation of yearly log returns, None when too few candles are known.
    Leverage, and an amount below zero, are for perpetuals alone (`is_linear`).
    """

    price: Decimal
    equity: Decimal | None
    rules: Rules
    volatility: float | None = None
    is_linear: bool = False


@dataclass(frozen=True, slots=True)
class Sized:
    """A target amount in base units, or zero with the code that says why."""

    amount: Decimal
    code: Code | None = None


def size(*, exposure: float, sizing: Sizing, protection: Protected, grounds: Grounds) -> Sized:
    """Return the amount to hold at `exposure` (-1 to 1): a multiple of the step, above the minima.

    Spot holds nothing below zero, so a negative exposure is flat; a perpetual holds the sides that
    the sizing trades. The position's value is its margin times the leverage.
    """
    if not _is_traded(exposure, sizing, grounds):
        return Sized(ZERO)
    if grounds.equity is None:
        return Sized(ZERO, {"code": "EQUITY_UNREADABLE"})
    leverage = sizing.leverage if grounds.is_linear else Decimal(1)
    full = _cost(sizing, protection, grounds, leverage)
    if full is None:
        return Sized(ZERO, {"code": "VOLATILITY_UNREADABLE", "would_pass": VOLATILITY_CANDLES_MIN})
    most = max(grounds.equity, ZERO) * sizing.max_fraction * leverage
    if full > most:
        if sizing.mode == "fixed_cost":
            passes = (most / leverage).quantize(EIGHT_PLACES)
            values = {"value": plain(sizing.value), "would_pass": plain(passes)}
            return Sized(ZERO, {"code": "POSITION_SHARE_TOO_LARGE", **values})
        full = most
    cost = full * Decimal(str(min(abs(exposure), 1.0)))
    amount = floor_to(cost / grounds.price, grounds.rules.amount_step)
    least = max(grounds.rules.cost_min, grounds.rules.amount_min * grounds.price)
    if amount < grounds.rules.amount_min or amount * grounds.price < grounds.rules.cost_min:
        values = {"value": plain(cost.quantize(EIGHT_PLACES)), "would_pass": plain(least)}
        return Sized(ZERO, {"code": "SIZE_BELOW_MINIMUM", **values})
    return Sized(amount.copy_sign(Decimal(str(exposure))))


def _is_traded(exposure: float, sizing: Sizing, grounds: Grounds) -> bool:
    if exposure > 0.0:
        return sizing.sides != "short" or not grounds.is_linear
    return exposure < 0.0 and grounds.is_linear and sizing.sides != "long"


def _cost(
    sizing: Sizing, protection: Protected, grounds: Grounds, leverage: Decimal
) -> Decimal | None:
    """Return the value of a full position in quote units before any cap.

    Risk and volatility speak of the value itself; a cost and a share of equity are margin.
    """
    equity = grounds.equity or ZERO
    if sizing.mode == "fixed_cost":
        return sizing.value * leverage
    if sizing.mode == "equity_fraction":
        return equity * sizing.value * leverage
    if sizing.mode == "risk_per_trade":
        return equity * sizing.value / protection.stop_loss
    if not grounds.volatility:
        return None
    return equity * sizing.value / Decimal(str(grounds.volatility))


def yearly_volatility(candles: Candles) -> float | None:
    """Return the standard deviation of log returns over the last candles, scaled to a year.

    None with fewer than 30 returns or without any movement.
    """
    closes = candles.tail(VOLATILITY_CANDLES + 1).close
    if len(closes) <= VOLATILITY_CANDLES_MIN:
        return None
    per_candle = float(np.std(np.diff(np.log(closes)), ddof=1))
    yearly = per_candle * math.sqrt(YEAR_MS / TIMEFRAME_MS[candles.timeframe])
    return yearly if math.isfinite(yearly) and yearly > 0.0 else None
