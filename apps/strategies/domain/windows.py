"""How long a recursive indicator remembers, and how timeframes line up."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata.domain.candles import Candles, Floats

# A seed that weighs less than this against the newest value has left no bit of a double.
FORGOTTEN: Final = 2.0**-53


def ema_candles(period: int) -> int:
    """Return after how many candles an EMA (alpha = 2/(n+1)) has forgotten where it started."""
    return period + math.ceil(math.log(FORGOTTEN) / math.log1p(-2.0 / (period + 1)))


def wilder_candles(period: int) -> int:
    """Return the same for Wilder's smoothing (alpha = 1/n), as RSI and ATR use it."""
    return period + 1 + math.ceil(math.log(FORGOTTEN) / math.log1p(-1.0 / period))


def spread(values: Floats, *, of: Candles, over: Candles) -> Floats:
    """Return for each candle of `over` the value of the last candle of `of` closed by its close.

    `values` has shape (len(of),), the result (len(over),); NaN where none has closed yet.
    """
    closes = of.ts + TIMEFRAME_MS[of.timeframe]
    index = np.searchsorted(closes, over.ts + TIMEFRAME_MS[over.timeframe], side="right") - 1
    known = np.full(len(over), np.nan)
    found = index >= 0
    known[found] = values[index[found]]
    return known
