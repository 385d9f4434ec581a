"""Resampling, quality findings, windows in memory and file names: pure."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import InvalidInput
from apps.marketdata.domain.candles import Candles
from apps.marketdata.domain.layout import FileFacts, read_path
from apps.marketdata.domain.quality import Gap, inspect, ordered
from apps.marketdata.domain.resample import resample
from apps.marketdata.domain.windows import BEGINNING, WindowCache, columns

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 1_682_899_200_000  # 2023-05-01, a Monday


def series(times: list[int], timeframe: str = "1m") -> Candles:
    n = len(times)
    steps = np.arange(n, dtype=np.float64)
    return Candles(
        timeframe, np.array(times, np.int64), 100 + steps, 102 + steps, 99 + steps,
        101 + steps, np.ones(n),
    )  # fmt: skip


def test_five_minutes_become_one_candle() -> None:
    five = resample(series([MONDAY + i * MINUTE for i in range(12)]), "5m")

    assert five.ts.tolist() == [MONDAY, MONDAY + 5 * MINUTE]
    assert five.open.tolist() == [100, 105]
    assert five.high.tolist() == [106, 111]
    assert five.low.tolist() == [99, 104]
    assert five.close.tolist() == [105, 110]
    assert five.volume.tolist() == [5, 5]


def test_a_candle_that_lacks_a_part_is_left_out_unless_asked_for() -> None:
    holed = series([MONDAY + i * MINUTE for i in range(10) if i != 3])

    assert resample(holed, "5m").ts.tolist() == [MONDAY + 5 * MINUTE]
    assert len(resample(holed, "5m", complete_only=False)) == 2


def test_weeks_open_on_monday() -> None:
    days = series([MONDAY + i * DAY for i in range(-3, 8)], "1d")
    assert resample(days, "1w").ts.tolist() == [MONDAY]


def test_a_timeframe_that_does_not_divide_is_refused() -> None:
    with pytest.raises(InvalidInput, match="TIMEFRAME_NOT_MULTIPLE"):
        resample(series([MONDAY], "5m"), "1m")
    assert len(resample(Candles.empty("1m"), "5m")) == 0


def test_gaps_duplicates_order_and_grid_are_found() -> None:
    times = [MONDAY, MONDAY + MINUTE, MONDAY + MINUTE, MONDAY + 9 * MINUTE, MONDAY + 5 * MINUTE + 7]
    found = inspect(series(times))

    assert found.duplicates == 1
    assert found.unordered == 1
    assert found.off_grid_rows == (4,)
    assert found.gaps[0] == Gap(MONDAY + MINUTE, MONDAY + 5 * MINUTE + 7, 3)
    assert not found.is_importable
    assert ordered(series(times)).ts.tolist() == sorted(set(times))


@pytest.mark.parametrize(
    ("field", "value"),
    [("low", -1.0), ("high", 1.0), ("volume", float("nan")), ("close", 1e9), ("high", np.inf)],
)
def test_a_broken_bar_is_found(field: str, value: float) -> None:
    candles = series([MONDAY + i * MINUTE for i in range(5)])
    getattr(candles, field)[2] = value
    assert inspect(candles).broken_rows == (2,)


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("candles/binance/BTC_USDT/1h.csv.gz", FileFacts("binance", "BTC/USDT", "1h")),
        ("c/binance/BTC_USDT/15m_2023-24.csv", FileFacts("binance", "BTC/USDT", "15m")),
        ("c/binanceusdm/BTC_USDT_USDT/5m.parquet", FileFacts("binanceusdm", "BTC/USDT:USDT", "5m")),
        ("data/binance/BTC_USDT-1h.feather", FileFacts("binance", "BTC/USDT", "1h")),
        (
            "data/okx/futures/ETH_USDT_USDT-4h-futures.feather",
            FileFacts("okx", "ETH/USDT:USDT", "4h"),
        ),
        ("somewhere/prices.csv", FileFacts()),
        ("1h.csv", FileFacts()),
    ],
)
def test_a_path_tells_venue_symbol_and_timeframe(path: str, facts: FileFacts) -> None:
    assert read_path(PurePosixPath(path)) == facts


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=25), st.data())
def test_memory_always_answers_as_the_table_would(
    steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Candles arrive in any order, windows are asked for at any time: never a stale answer."""
    key, cache, stored = (1, "1m"), WindowCache(), set()
    for at, count in steps:
        stored |= {t * MINUTE for t in data.draw(st.lists(st.integers(0, 40), max_size=4))}
        at_ms = at * MINUTE
        found = cache.find(key, count, at_ms)
        if found is None:
            after = cache.fetch_after(key, count, at_ms)
            rows = [t for t in sorted(stored) if after < t <= at_ms - MINUTE][-count:]
            found = cache.absorb(
                key, count, after, columns([(t, 1.0, 1.0, 1.0, 1.0, 1.0) for t in rows])
            )
        wanted = [t for t in sorted(stored) if t <= at_ms - MINUTE][-count:]
        # a late candle older than an unbroken window is the one thing memory may not see
        assert found.ts.tolist() == wanted or _is_unbroken_to_the_end(found, at_ms)
    assert BEGINNING < 0


def _is_unbroken_to_the_end(found: Candles, at_ms: int) -> bool:
    return bool(np.all(np.diff(found.ts) == MINUTE)) and found.ts[-1] == at_ms - MINUTE
