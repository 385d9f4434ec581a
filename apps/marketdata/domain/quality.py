"""What is odd about a series of candles: gaps, duplicates, broken bars, times off the grid."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from apps.core.domain.timeframes import TIMEFRAME_MS, offset_ms
from apps.marketdata.domain.candles import Candles


@dataclass(frozen=True, slots=True)
class Gap:
    """`missing` candles between `after_ts` and `before_ts`, both open times of stored candles."""

    after_ts: int
    before_ts: int
    missing: int


@dataclass(frozen=True, slots=True)
class Quality:
    """The findings about one series; rows are counted from 0 in the order they came."""

    rows: int
    gaps: tuple[Gap, ...]
    duplicates: int
    unordered: int
    broken_rows: tuple[int, ...]
    off_grid_rows: tuple[int, ...]

    @property
    def missing(self) -> int:
        """How many candles the gaps lack in all."""
        return sum(gap.missing for gap in self.gaps)

    @property
    def is_importable(self) -> bool:
        """Whether nothing in it is wrong; gaps and duplicates are facts, not faults."""
        return not self.broken_rows and not self.off_grid_rows

    def as_report(self, *, most: int = 100) -> dict[str, Any]:
        """Return a JSON form with at most `most` gaps listed."""
        return {
            "rows": self.rows,
            "missing": self.missing,
            "gaps": [asdict(gap) for gap in self.gaps[:most]],
            "gap_count": len(self.gaps),
            "duplicates": self.duplicates,
            "unordered": self.unordered,
            "broken_bars": len(self.broken_rows),
            "off_grid": len(self.off_grid_rows),
        }


def is_sane_bar(row: tuple[float, float, float, float, float]) -> bool:
    """Return whether (open, high, low, close, volume) is finite, positive and consistent."""
    opened, high, low, closed, volume = row
    return (
        all(map(math.isfinite, row))
        and low > 0
        and volume >= 0
        and high >= max(opened, closed)
        and low <= min(opened, closed)
    )


def sane_bars(candles: Candles) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return per candle whether it is finite, positive and consistent."""
    high, low = candles.high, candles.low
    with np.errstate(invalid="ignore"):
        consistent = (
            (high >= np.maximum(candles.open, candles.close))
            & (low <= np.minimum(candles.open, candles.close))
            & (low > 0)
            & (candles.volume >= 0)
        )
    return consistent & np.isfinite(high) & np.isfinite(candles.volume)


def ordered(candles: Candles) -> Candles:
    """Return the candles oldest first, each open time once (the first one that came)."""
    _, first = np.unique(candles.ts, return_index=True)
    return Candles(
        candles.timeframe, candles.ts[first], candles.open[first], candles.high[first],
        candles.low[first], candles.close[first], candles.volume[first],
    )  # fmt: skip


def inspect(candles: Candles) -> Quality:
    """Return the findings about candles in the order they came (any order, duplicates allowed)."""
    length = TIMEFRAME_MS[candles.timeframe]
    off_grid = (candles.ts - offset_ms(candles.timeframe)) % length != 0
    times = np.unique(candles.ts)
    steps = np.diff(times)
    gaps = tuple(
        Gap(int(times[i]), int(times[i + 1]), int(steps[i] // length - 1))
        for i in np.flatnonzero(steps > length)
    )
    return Quality(
        rows=len(candles),
        gaps=gaps,
        duplicates=len(candles) - len(times),
        unordered=int(np.count_nonzero(np.diff(candles.ts) < 0)),
        broken_rows=tuple(int(i) for i in np.flatnonzero(~sane_bars(candles))),
        off_grid_rows=tuple(int(i) for i in np.flatnonzero(off_grid)),
    )
