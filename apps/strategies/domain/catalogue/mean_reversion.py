"""Mean reversion: buys below the lower Bollinger band while RSI is oversold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import talib

from apps.core.errors import InvalidInput
from apps.marketdata.domain.candles import Candles, Floats
from apps.strategies.domain.base import Protection, Strategy
from apps.strategies.domain.parameters import bounded
from apps.strategies.domain.windows import wilder_candles

# A band narrower than this fraction of the price is a market that stands still.
STILL = 1e-6


@dataclass(frozen=True, slots=True)
class MeanReversionParameters:
    """Periods in candles, RSI levels from 0 to 100."""

    period: int = bounded(
        20, title="Band period", text="Candles of the Bollinger bands", minimum=5, maximum=200
    )
    width: float = bounded(
        2.0,
        title="Band width",
        text="Standard deviations from the middle",
        minimum=0.5,
        maximum=4.0,
    )
    rsi_period: int = bounded(
        14, title="RSI period", text="Candles of the RSI", minimum=2, maximum=100
    )
    oversold: float = bounded(
        35.0, title="Oversold below", text="RSI that allows an entry", minimum=5.0, maximum=50.0
    )
    overbought: float = bounded(
        70.0, title="Overbought above", text="RSI that ends the trade", minimum=50.0, maximum=95.0
    )


class MeanReversion(Strategy):
    """Bollinger bands (of the log price, so that scale and history do not matter) with RSI."""

    name = "mean_reversion"
    title = "Mean reversion (Bollinger, RSI)"
    description = "Buys below the lower band while RSI is oversold, leaves at the middle band."
    version = "1"
    protection = Protection(stop_loss=Decimal("0.04"))
    Parameters = MeanReversionParameters

    def check(self, parameters: MeanReversionParameters) -> None:
        """Refuse levels that leave no room between them."""
        if parameters.oversold >= parameters.overbought:
            raise InvalidInput(
                "PARAMETER_OUT_OF_RANGE", field="oversold", value=parameters.oversold,
                max=parameters.overbought,
            )  # fmt: skip

    def warmup_candles(self, parameters: MeanReversionParameters) -> int:
        """Return the longer of the bands' period and what the RSI remembers."""
        return max(parameters.period, wilder_candles(parameters.rsi_period))

    def opinions(
        self,
        candles: Candles,
        parameters: MeanReversionParameters,
        informative: Mapping[str, Candles],
    ) -> Floats:
        """Return 1 below the lower band when oversold, 0 above the middle or overbought, else NaN."""
        price = np.log(candles.close)
        middle = talib.SMA(price, parameters.period)
        width = parameters.width * talib.STDDEV(price, parameters.period)
        rsi = talib.RSI(candles.close, parameters.rsi_period)
        # With less than the warm-up the RSI still remembers its first candle.
        rsi[: self.warmup_candles(parameters) - 1] = np.nan
        known = np.isfinite(rsi) & (width > STILL)
        enters = (price < middle - width) & (rsi < parameters.oversold)
        leaves = (price > middle) | (rsi > parameters.overbought)
        return np.where(known, np.where(enters, 1.0, np.where(leaves, 0.0, np.nan)), np.nan)
