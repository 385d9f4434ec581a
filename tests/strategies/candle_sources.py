"""Candles for tests: the shared recordings where present, and seeded synthetic markets."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.marketdata.domain.candles import Candles

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("DESK_DATA", ROOT.parent / "shared" / "data"))
START_MS = open_ms(1_680_000_000_000, "1w")


def real_candles(symbol: str, timeframe: str, *, count: int | None = None) -> Candles:
    """Return recorded candles; the test is skipped where the recordings are absent."""
    path = SHARED / "candles" / "binance" / symbol / f"{timeframe}.csv.gz"
    if not path.exists():
        pytest.skip(f"no recorded candles at {path}; set DESK_DATA")
    with gzip.open(path, "rt") as lines:
        rows = np.loadtxt(lines, delimiter=",", skiprows=1, max_rows=count, ndmin=2)
    ts = rows[:, 0].astype(np.int64)
    return Candles(timeframe, ts, *(np.ascontiguousarray(rows[:, i]) for i in range(1, 6)))


def from_closes(closes: np.ndarray, timeframe: str = "1h", *, start_ms: int = START_MS) -> Candles:
    """Return candles whose closes are given; each opens at the close before it."""
    closes = np.asarray(closes, np.float64)
    opens = np.concatenate([closes[:1], closes[:-1]])
    ts = start_ms + TIMEFRAME_MS[timeframe] * np.arange(len(closes), dtype=np.int64)
    high, low = np.maximum(opens, closes) * 1.001, np.minimum(opens, closes) * 0.999
    return Candles(timeframe, ts, opens, high, low, closes, np.full(len(closes), 10.0))


def random_walk(
    count: int, *, seed: int = 1, volatility: float = 0.01, timeframe: str = "1h"
) -> Candles:
    """Return a seeded geometric random walk around 100."""
    steps = np.random.default_rng(seed).normal(0.0, volatility, count)
    return from_closes(100.0 * np.exp(np.cumsum(steps)), timeframe)


def without(candles: Candles, start: int, stop: int) -> Candles:
    """Return candles with a gap: `start:stop` are missing."""
    keep = np.r_[0:start, stop : len(candles)]
    return Candles(
        candles.timeframe, candles.ts[keep], candles.open[keep], candles.high[keep],
        candles.low[keep], candles.close[keep], candles.volume[keep],
    )  # fmt: skip


def weekly(candles: Candles) -> Candles:
    """Return whole weeks made from `candles`; a week with missing candles counts too."""
    weeks = np.array([open_ms(int(t), "1w") for t in candles.ts])
    last_close = int(candles.ts[-1]) + TIMEFRAME_MS[candles.timeframe]
    starts = [w for w in np.unique(weeks) if w + TIMEFRAME_MS["1w"] <= last_close]
    rows = []
    for start in starts:
        part = weeks == start
        rows.append((
            candles.open[part][0], candles.high[part].max(), candles.low[part].min(),
            candles.close[part][-1], candles.volume[part].sum(),
        ))  # fmt: skip
    table = np.array(rows, np.float64).reshape(-1, 5)
    columns = (np.ascontiguousarray(table[:, i]) for i in range(5))
    return Candles("1w", np.array(starts, np.int64), *columns)
