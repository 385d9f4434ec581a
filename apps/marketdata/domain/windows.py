"""Closed candles kept in memory, one growing window per instrument and timeframe."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.marketdata.domain.candles import Candles

Key = tuple[int, str]
Columns = npt.NDArray[np.float64]
COLUMNS = 6
BEGINNING = -(2**62)


def columns(rows: list[tuple[float, ...]]) -> Columns:
    """Return rows of (ts, open, high, low, close, volume) as a 6 × n array."""
    return np.array(rows, np.float64).T if rows else np.empty((COLUMNS, 0))


@dataclass(slots=True)
class Window:
    """The last candles of one key as a 6 × room array: ts, open, high, low, close, volume.

    New candles go into spare room; views handed out earlier stay as they were.
    """

    timeframe: str
    room: Columns = field(default_factory=lambda: np.empty((COLUMNS, 0)))
    used: int = 0
    keep: int = 0

    def candles(self) -> Candles:
        """Return all candles; the five value arrays are views."""
        part = self.room[:, : self.used]
        return Candles(self.timeframe, part[0].astype(np.int64), *part[1:])

    def last_sure_ts(self) -> int:
        """Return the open time up to which nothing is missing: a late candle may fill a gap."""
        if not self.used:
            return BEGINNING
        ts = self.room[0, : self.used]
        gaps = np.flatnonzero(np.diff(ts) != TIMEFRAME_MS[self.timeframe])
        return int(ts[gaps[0]] if len(gaps) else ts[-1])

    def replace_after(self, after: int, rows: Columns) -> None:
        """Let `rows` (6 × n, oldest first) be all that opens later than `after`."""
        stay = int(np.searchsorted(self.room[0, : self.used], after, side="right"))
        added = rows.shape[1]
        if stay < self.used or self.used + added > self.room.shape[1]:
            kept = self.room[:, max(0, stay - self.keep) : stay]
            total = kept.shape[1] + added
            self.room = np.empty((COLUMNS, total + max(64, self.keep // 2)))
            self.room[:, : kept.shape[1]] = kept
            stay = kept.shape[1]
        self.room[:, stay : stay + added] = rows
        self.used = stay + added


@dataclass(slots=True)
class WindowCache:
    """All windows of a process."""

    windows: dict[Key, Window] = field(default_factory=dict)

    def find(self, key: Key, count: int, at_ms: int) -> Candles | None:
        """Return the last `count` candles closed by `at_ms` when memory alone can tell."""
        window = self.windows.get(key)
        newest_due = open_ms(at_ms, key[1]) - TIMEFRAME_MS[key[1]]
        if window is None or window.last_sure_ts() < newest_due:
            return None
        found = window.candles().closed_by(at_ms)
        return found.tail(count) if len(found) >= count else None

    def fetch_after(self, key: Key, count: int, at_ms: int) -> int:
        """Return after which open time rows must be read to answer for `at_ms`."""
        window = self.windows.get(key)
        if window is None or window.used < count or at_ms <= window.room[0, window.used - 1]:
            return BEGINNING
        return window.last_sure_ts()

    def absorb(self, key: Key, count: int, after: int, rows: Columns) -> Candles:
        """Take what was read after `after` (at most `count` newest) and return the window."""
        window = self.windows.setdefault(key, Window(key[1]))
        window.keep = max(window.keep, count)
        window.replace_after(BEGINNING if rows.shape[1] >= count else after, rows)
        return window.candles().tail(count)

    def clear(self) -> None:
        """Forget everything."""
        self.windows.clear()
