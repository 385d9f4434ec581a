"""What each strategy of the catalogue says on markets drawn by hand."""

from __future__ import annotations

import numpy as np

from apps.strategies.domain.catalogue import breakout, ema_trend, mean_reversion, sma_cross
from apps.strategies.domain.windows import ema_candles, spread, wilder_candles
from tests.strategies.candle_sources import START_MS, from_closes, random_walk


def test_sma_cross_is_long_above_and_flat_below() -> None:
    strategy, parameters = sma_cross.SmaCross(), sma_cross.SmaCrossParameters(fast=2, slow=4)
    wanted = strategy.exposure(from_closes([10, 10, 10, 10, 11, 12, 9, 7, 6]), parameters)
    np.testing.assert_array_equal(wanted, [np.nan, np.nan, np.nan, np.nan, 1, 1, np.nan, 0, 0])


def test_breakout_compares_with_the_candles_before() -> None:
    strategy, parameters = (
        breakout.Breakout(),
        breakout.BreakoutParameters(entry_period=3, exit_period=2),
    )
    wanted = strategy.exposure(from_closes([10, 10, 10, 10, 12, 12, 11.9, 9]), parameters)
    np.testing.assert_array_equal(wanted, [np.nan, np.nan, np.nan, np.nan, 1, np.nan, np.nan, 0])


def test_mean_reversion_buys_the_dip_and_sells_the_middle() -> None:
    strategy, parameters = mean_reversion.MeanReversion(), mean_reversion.MeanReversionParameters()
    waves = 100 + np.sin(np.arange(700) * 1.3)
    dip = np.r_[waves, 99, 98, 97, 96, 98, 101]
    wanted = strategy.exposure(from_closes(dip), parameters)
    assert list(wanted[703:]) == [1.0] or wanted[703] == 1.0
    assert wanted[-1] == 0.0


def weeks(*closes: float):
    return from_closes(np.array(closes), "1w", start_ms=START_MS - len(closes) * 7 * 86_400_000)


def test_ema_trend_enters_only_with_the_weekly_trend() -> None:
    strategy, parameters = (
        ema_trend.EmaTrend(),
        ema_trend.EmaTrendParameters(fast=3, slow=8, weeks=2),
    )
    count = strategy.warmup_candles(parameters)
    rising, falling = np.linspace(100, 140, count), np.linspace(140, 100, count)
    said = [
        strategy.exposure(from_closes(closes), parameters, {"1w": week})[-1]
        for closes in (rising, falling)
        for week in (weeks(100, 110), weeks(110, 100), weeks(100))
    ]
    np.testing.assert_array_equal(said, [1, np.nan, np.nan, 0, 0, 0])


def test_a_week_counts_only_after_its_close() -> None:
    base = from_closes(np.full(400, 1.0))
    known = spread(np.array([5.0, 6.0]), of=from_closes(np.array([1.0, 1.0]), "1w"), over=base)
    assert np.isnan(known[:167]).all()
    assert set(known[167:335]) == {5.0}
    assert set(known[335:]) == {6.0}


def test_recursive_indicators_are_remembered_to_the_last_bit() -> None:
    for period in (2, 12, 48, 200):
        m = ema_candles(period) - period
        assert (1 - 2 / (period + 1)) ** m < 2**-53 <= (1 - 2 / (period + 1)) ** (m - 2)
        m = wilder_candles(period) - period - 1
        assert (1 - 1 / period) ** m <= 2**-53


def test_shorts_are_cut_off_where_a_strategy_cannot_short() -> None:
    class Bear(sma_cross.SmaCross):
        def opinions(self, candles, parameters, informative):
            return np.full(len(candles), -3.0)

    class ShortBear(Bear):
        can_short = True

    assert set(Bear().exposure(random_walk(5), None)) == {0.0}
    assert set(ShortBear().exposure(random_walk(5), None)) == {-1.0}
