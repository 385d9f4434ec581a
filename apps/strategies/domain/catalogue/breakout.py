"""Breakout: long when the close leaves the Donchian channel upwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import talib

from apps.marketdata.domain.candles import Candles, Floats
from apps.strategies.domain.base import Protection, Strategy
from apps.strategies.domain.parameters import bounded


@dataclass(frozen=True, slots=True)
class BreakoutParameters:
    """Channel lengths in candles."""

    entry_period: int = bounded(
        20, title="Entry channel", text="Candles whose highest high must be broken",
        minimum=2, maximum=500,
    )  # fmt: skip
    exit_period: int = bounded(
        10, title="Exit channel", text="Candles whose lowest low ends the trade",
        minimum=2, maximum=500,
    )  # fmt: skip


class Breakout(Strategy):
    """Donchian breakout; the channel is that of the candles before the current one."""

    name = "breakout"
    title = "Breakout (Donchian)"
    description = "Buys a close above the highest high before it, leaves below the lowest low."
    version = "1"
    protection = Protection(stop_loss=Decimal("0.06"))
    Parameters = BreakoutParameters

    def warmup_candles(self, parameters: BreakoutParameters) -> int:
        """Return the longer channel and the current candle."""
        return max(parameters.entry_period, parameters.exit_period) + 1

    def opinions(
        self,
        candles: Candles,
        parameters: BreakoutParameters,
        informative: Mapping[str, Candles],
    ) -> Floats:
        """Return 1 on a break upwards, 0 on a break downwards, NaN inside the channel."""
        top = _before(talib.MAX(candles.high, parameters.entry_period))
        bottom = _before(talib.MIN(candles.low, parameters.exit_period))
        leaves = np.where(candles.close < bottom, 0.0, np.nan)
        # Until both channels are known neither speaks: a window must not know less than the history.
        known = np.isfinite(top) & np.isfinite(bottom)
        return np.where(known, np.where(candles.close > top, 1.0, leaves), np.nan)


def _before(values: Floats) -> Floats:
    """Return `values` one candle later, so that a candle is not part of its own channel."""
    later = np.full(len(values), np.nan)
    later[1:] = values[:-1]
    return later
