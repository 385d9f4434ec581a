"""SMA swing: long while the fast average is above the slow one, short while it is below."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import talib

from apps.core.errors import InvalidInput
from apps.marketdata.domain.candles import Candles, Floats
from apps.strategies.domain.base import Protection, Strategy, above
from apps.strategies.domain.catalogue.sma_cross import SmaCrossParameters


class SmaSwing(Strategy):
    """Trend following on both sides; a spot bot and one that trades longs alone are flat instead."""

    name = "sma_swing"
    title = "SMA swing"
    description = "Long while the fast simple moving average is above the slow one, else short."
    version = "1"
    can_short = True
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
        """Return 1 above, -1 below, NaN while the averages touch or are unknown."""
        fast = talib.SMA(candles.close, parameters.fast)
        slow = talib.SMA(candles.close, parameters.slow)
        return np.where(above(fast, slow), 1.0, np.where(above(slow, fast), -1.0, np.nan))
