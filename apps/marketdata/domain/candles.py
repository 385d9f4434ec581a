"""Candles as float64 arrays: closed candles only, oldest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.core.domain.timeframes import TIMEFRAME_MS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Six arrays of equal length n; `ts` is the open time in epoch ms, strictly rising."""

    timeframe: str
    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts)

    def slice(self, start: int | None, stop: int | None) -> Candles:
        """Return candles `start:stop` as views."""
        part = slice(start, stop)
        return Candles(
            self.timeframe, self.ts[part], self.open[part], self.high[part],
            self.low[part], self.close[part], self.volume[part],
        )  # fmt: skip

    def tail(self, count: int) -> Candles:
        """Return the last `count` candles, or all of them when there are fewer."""
        return self.slice(max(0, len(self) - count), None)

    def closed_by(self, at_ms: int) -> Candles:
        """Return the candles that have closed at `at_ms` (epoch ms) or before."""
        stop = int(np.searchsorted(self.ts, at_ms - TIMEFRAME_MS[self.timeframe], side="right"))
        return self.slice(None, stop)

    @classmethod
    def empty(cls, timeframe: str) -> Candles:
        """Return no candles."""
        none = np.empty(0, np.float64)
        return cls(timeframe, np.empty(0, np.int64), none, none, none, none, none)
