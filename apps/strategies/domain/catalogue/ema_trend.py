"""EMA trend with a weekly filter: entries only with the weekly trend."""

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
from apps.strategies.domain.windows import ema_candles, spread


@dataclass(frozen=True, slots=True)
class EmaTrendParameters:
    """Periods in candles, the weekly one in weeks."""

    fast: int = bounded(
        12, title="Fast period", text="Candles of the fast EMA", minimum=2, maximum=100
    )
    slow: int = bounded(
        48, title="Slow period", text="Candles of the slow EMA; longer than fast",
        minimum=3, maximum=200,
    )  # fmt: skip
    weeks: int = bounded(
        4, title="Weekly period", text="Weeks whose average the last weekly close must exceed",
        minimum=2, maximum=52,
    )  # fmt: skip


class EmaTrend(Strategy):
    """Long in an EMA uptrend; entries against the weekly trend are blocked, exits never."""

    name = "ema_trend"
    title = "EMA trend with weekly filter"
    description = "Long while the fast EMA is above the slow one; enters only in a weekly uptrend."
    version = "1"
    informative_timeframes = ("1w",)
    protection = Protection(stop_loss=Decimal("0.06"))
    Parameters = EmaTrendParameters

    def check(self, parameters: EmaTrendParameters) -> None:
        """Refuse a fast period that is not shorter than the slow one."""
        if parameters.fast >= parameters.slow:
            raise InvalidInput(
                "PARAMETER_OUT_OF_RANGE",
                field="fast",
                value=parameters.fast,
                max=parameters.slow - 1,
            )

    def warmup_candles(self, parameters: EmaTrendParameters) -> int:
        """Return what the slow EMA remembers."""
        return ema_candles(parameters.slow)

    def informative_candles(self, parameters: EmaTrendParameters) -> dict[str, int]:
        """Return the weeks of the weekly average."""
        return {"1w": parameters.weeks}

    def opinions(
        self, candles: Candles, parameters: EmaTrendParameters, informative: Mapping[str, Candles]
    ) -> Floats:
        """Return 1 in an uptrend with the week, 0 in a downtrend, NaN when blocked or unknown."""
        fast = talib.EMA(candles.close, parameters.fast)
        slow = talib.EMA(candles.close, parameters.slow)
        # With less than the warm-up the EMA still remembers its first candles.
        slow[: self.warmup_candles(parameters) - 1] = np.nan
        enters = above(fast, slow) & (self.weekly_trend(candles, parameters, informative["1w"]) > 0)
        return np.where(enters, 1.0, np.where(above(slow, fast), 0.0, np.nan))

    def weekly_trend(
        self, candles: Candles, parameters: EmaTrendParameters, weeks: Candles
    ) -> Floats:
        """Return per candle 1 where the last closed week ended above its average, -1 where not.

        NaN where too few weeks have closed; entries are then blocked too.
        """
        if len(weeks) < parameters.weeks:
            return np.full(len(candles), np.nan)
        average = talib.SMA(weeks.close, parameters.weeks)
        trend = np.where(
            np.isfinite(average), np.where(above(weeks.close, average), 1.0, -1.0), np.nan
        )
        return spread(trend, of=weeks, over=candles)
