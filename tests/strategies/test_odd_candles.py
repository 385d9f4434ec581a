"""Empty, short, flat, broken and wild candles: a strategy keeps quiet, it never raises."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from apps.marketdata.domain.candles import Candles
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.registry import CATALOGUE
from tests.strategies.candle_sources import from_closes, random_walk, weekly, without

EVERY = pytest.mark.parametrize(
    "strategy", CATALOGUE.values(), ids=sorted(CATALOGUE, key=list(CATALOGUE).index)
)


def said(strategy: Strategy, candles: Candles) -> np.ndarray:
    return strategy.exposure(candles, strategy.Parameters(), {"1w": weekly(random_walk(3000))})


@EVERY
def test_no_candles_give_no_opinion(strategy: Strategy) -> None:
    assert len(said(strategy, Candles.empty("1h"))) == 0


@EVERY
@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_candles_give_nan(strategy: Strategy, count: int) -> None:
    assert np.isnan(said(strategy, random_walk(count))).all()


@EVERY
def test_one_candle_less_than_the_warm_up_is_not_enough(strategy: Strategy) -> None:
    warmup = strategy.warmup_candles(strategy.Parameters())
    assert np.isnan(said(strategy, random_walk(warmup - 1))[-1])


@EVERY
@pytest.mark.parametrize("price", [1e-8, 0.1, 30_000.0])
def test_a_constant_price_gives_no_signal(strategy: Strategy, price: float) -> None:
    candles = from_closes(np.full(1500, price))
    flat = Candles("1h", candles.ts, *[np.full(1500, price)] * 4, candles.volume)
    assert np.isnan(said(strategy, flat)).all()


@EVERY
def test_volume_zero_changes_nothing(strategy: Strategy) -> None:
    candles = random_walk(1500)
    silent = dataclasses.replace(candles, volume=np.zeros(1500))
    np.testing.assert_array_equal(said(strategy, silent), said(strategy, candles))


@EVERY
def test_a_gap_is_survived(strategy: Strategy) -> None:
    wanted = said(strategy, without(random_walk(2000), 800, 1100))
    assert len(wanted) == 1700
    assert np.isfinite(wanted[1000:]).any()


@EVERY
def test_extreme_volatility_stays_within_bounds(strategy: Strategy) -> None:
    wanted = said(strategy, random_walk(2000, volatility=0.5))
    assert set(wanted[np.isfinite(wanted)]) <= {-1.0 if strategy.can_short else 0.0, 0.0, 1.0}
    assert np.isfinite(wanted).any()


@EVERY
@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 0.0])
def test_an_impossible_price_gives_no_opinion_at_all(strategy: Strategy, bad: float) -> None:
    candles = random_walk(1500)
    close = candles.close.copy()
    close[700] = bad
    assert np.isnan(said(strategy, dataclasses.replace(candles, close=close))).all()


@EVERY
def test_the_candles_handed_in_are_left_alone(strategy: Strategy) -> None:
    candles = random_walk(1500)
    before = [
        getattr(candles, name).copy() for name in ("ts", "open", "high", "low", "close", "volume")
    ]
    said(strategy, candles)
    for name, value in zip(("ts", "open", "high", "low", "close", "volume"), before, strict=True):
        np.testing.assert_array_equal(getattr(candles, name), value)
