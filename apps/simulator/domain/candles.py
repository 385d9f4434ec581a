"""Series of candles as float64 arrays, and their aggregation into longer timeframes."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.core.domain.timeframes import TIMEFRAME_MS, offset_ms
from apps.simulator.domain.liquidity import Candle

Times = NDArray[np.int64]
Values = NDArray[np.float64]
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)


def exact_price(value: float) -> Decimal:
    """Return a recorded or generated number as the Decimal its eight places show."""
    return Decimal(f"{value:.8f}").normalize() + 0


def aggregate(times: Times, values: Values, timeframe: str) -> tuple[Times, Values]:
    """Return candles of `timeframe` built from shorter ones.

    `times` has shape (n,), open times in epoch ms, rising; `values` has shape (n, 5):
    open, high, low, close (quote units), volume (base units). Weeks open on Monday.
    """
    length, offset = TIMEFRAME_MS[timeframe], offset_ms(timeframe)
    buckets = (times - offset) // length * length + offset
    if not len(buckets):
        return buckets, values
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    ends = np.r_[starts[1:], len(buckets)] - 1
    built = np.empty((len(starts), 5))
    built[:, OPEN] = values[starts, OPEN]
    built[:, HIGH] = np.maximum.reduceat(values[:, HIGH], starts)
    built[:, LOW] = np.minimum.reduceat(values[:, LOW], starts)
    built[:, CLOSE] = values[ends, CLOSE]
    built[:, VOLUME] = np.add.reduceat(values[:, VOLUME], starts)
    return buckets[starts], built


class Series:
    """Candles of one instrument in its base timeframe; longer ones are built when asked for."""

    def __init__(self, timeframe: str, times: Times, values: Values) -> None:
        self.timeframe = timeframe
        self.length_ms = TIMEFRAME_MS[timeframe]
        self._times = times
        self._values = values
        self._count = len(times)

    @property
    def times(self) -> Times:
        """Open times in epoch ms, shape (n,)."""
        return self._times[: self._count]

    @property
    def values(self) -> Values:
        """Open, high, low, close, volume, shape (n, 5)."""
        return self._values[: self._count]

    def append(self, times: Times, values: Values) -> None:
        """Add later candles, growing the arrays by doubling."""
        needed = self._count + len(times)
        if needed > len(self._times):
            size = max(needed, 2 * len(self._times))
            self._times = np.resize(self._times, size)
            grown = np.empty((size, 5))
            grown[: self._count] = self.values
            self._values = grown
        self._times[self._count : needed] = times
        self._values[self._count : needed] = values
        self._count = needed

    def at(self, open_ms: int) -> Candle | None:
        """Return the base candle that opens at `open_ms`, None in a gap."""
        index = int(np.searchsorted(self.times, open_ms))
        if index >= self._count or self._times[index] != open_ms:
            return None
        return self._candle(self._times[index], self._values[index])

    def last_before(self, until_ms: int) -> Candle | None:
        """Return the latest base candle that has closed by `until_ms`."""
        index = self._closed(until_ms) - 1
        return self._candle(self._times[index], self._values[index]) if index >= 0 else None

    def first(self) -> Candle | None:
        """Return the first base candle."""
        return self._candle(self._times[0], self._values[0]) if self._count else None

    def closing(self, timeframe: str, close_ms: int) -> Candle | None:
        """Return the candle of `timeframe` that closes exactly at `close_ms`."""
        start = close_ms - TIMEFRAME_MS[timeframe]
        low, high = np.searchsorted(self.times, [start, close_ms])
        if high <= low or not self._count or start < self._times[0]:
            return None
        times, values = aggregate(self._times[low:high], self._values[low:high], timeframe)
        return self._candle(times[0], values[0])

    def window(
        self, timeframe: str, *, start_ms: int | None, end_ms: int, limit: int
    ) -> tuple[Times, Values]:
        """Return up to `limit` candles of `timeframe` closed by `end_ms`.

        The oldest from `start_ms` on when it is given, else the latest. A first bucket that the
        series does not cover from its start is left out.
        """
        length = TIMEFRAME_MS[timeframe]
        high = self._closed(end_ms)
        low = 0
        if start_ms is not None:
            low = int(np.searchsorted(self.times, start_ms))
            high = min(high, int(np.searchsorted(self.times, start_ms + (limit + 1) * length)))
        else:
            low = int(np.searchsorted(self.times, end_ms - (limit + 1) * length))
            span = (limit + 1) * (length // self.length_ms)
            low = min(low, max(high - span, 0))
        times, values = aggregate(self._times[low:high], self._values[low:high], timeframe)
        keep = (times >= self._covered(low, start_ms)) & (times + length <= end_ms)
        times, values = times[keep], values[keep]
        return (
            (times[:limit], values[:limit])
            if start_ms is not None
            else (times[-limit:], values[-limit:])
        )

    def _covered(self, low: int, start_ms: int | None) -> int:
        if start_ms is not None and low > 0:
            return start_ms
        return int(self._times[low]) if low < self._count else 0

    def _closed(self, until_ms: int) -> int:
        return int(np.searchsorted(self.times, until_ms - self.length_ms, side="right"))

    @staticmethod
    def _candle(ts: int, row: Values) -> Candle:
        prices = [exact_price(float(value)) for value in row]
        return Candle(int(ts), *prices)
