"""SMA cross: long while the fast average is above the slow one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import talib

from apps.core.errors import InvalidInput
from apps.marketdata.domain.candles import Candles, Floats
from apps.strategies.domain.base import Protection, Strategy, above
from apps.strategies.domain.parameters import bounded


@dataclass(frozen=True, slots=True)
class SmaCrossParameters:
    """Periods in candles."""

    fast: int = bounded(
        10, title="Fast period", text="Candles of the fast average", minimum=2, maximum=200
    )
    slow: int = bounded(
        30, title="Slow period", text="Candles of the slow average; longer than fast",
        minimum=3, maximum=500,
    )  # fmt: skip


class SmaCross(Strategy):
    """Trend following on two simple moving averages of the close."""

    name = "sma_cross"
    title = "SMA cross"
    description = "Long while the fast simple moving average is above the slow one, else flat."
    version = "1"
    protection = Protection(stop_loss=Decimal("0.05"))
    Parameters = SmaCrossParameters

    def check(self, parameters: SmaCrossParameters) -> None:
        """Refuse a fast period that is not shorter than the slow one."""
        if parameters.fast >= parameters.slow:
            raise InvalidInput(
                "PARAMETER_OUT_OF_RANGE",
                field="fast",
                value=parameters.fast,
                max=parameters.slow - 1,
            )

    def warmup_candles(self, parameters: SmaCrossParameters) -> int:
        """Return the slow period."""
        return parameters.slow

    def opinions(
        self,
        candles: Candles,
        parameters: SmaCrossParameters,
        informative: Mapping[str, Candles],
    ) -> Floats:
        """Return 1 above, 0 below, NaN while the averages touch or are unknown."""
        fast = talib.SMA(candles.close, parameters.fast)
        slow = talib.SMA(candles.close, parameters.slow)
        return np.where(above(fast, slow), 1.0, np.where(above(slow, fast), 0.0, np.nan))
