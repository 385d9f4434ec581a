"""What a strategy said at a candle depends on that candle and those before it, and on no more
of them than the warm-up that live cycles read."""

from __future__ import annotations

import numpy as np
import pytest

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata.domain.candles import Candles
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.registry import CATALOGUE
from tests.strategies.candle_sources import from_closes, random_walk, real_candles, weekly, without

STRATEGIES = sorted(CATALOGUE)


def contexts(
    strategy: Strategy, weeks: Candles, candles: Candles, *, bounded: bool
) -> dict[str, Candles]:
    """Return the informative candles as a live cycle reads them after the last of `candles`."""
    at_ms = int(candles.ts[-1]) + TIMEFRAME_MS[candles.timeframe]
    closed = weeks.closed_by(at_ms)
    counts = strategy.informative_candles(strategy.Parameters())
    return {tf: closed.tail(count) if bounded else closed for tf, count in counts.items()}


def check(name: str, candles: Candles, weeks: Candles, *, prefixes: range) -> np.ndarray:
    strategy = CATALOGUE[name]
    parameters = strategy.Parameters()
    whole = strategy.exposure(candles, parameters, {"1w": weeks})
    warmup = strategy.warmup_candles(parameters)
    windowed, prefixed = np.full(len(candles), np.nan), {}
    for k in range(1, len(candles) + 1):
        window = candles.slice(max(0, k - warmup), k)
        context = contexts(strategy, weeks, window, bounded=True)
        windowed[k - 1] = strategy.exposure(window, parameters, context)[-1]
    for k in prefixes:
        part = candles.slice(0, k)
        context = contexts(strategy, weeks, part, bounded=False)
        prefixed[k] = strategy.exposure(part, parameters, context)[-1]
    np.testing.assert_array_equal(windowed, whole)
    np.testing.assert_array_equal(list(prefixed.values()), whole[[k - 1 for k in prefixed]])
    return whole


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("symbol", ["BTC_USDT", "DOGE_USDT"])
def test_recorded_quarters_of_an_hour_say_the_same_at_every_candle(name: str, symbol: str) -> None:
    candles = real_candles(symbol, "15m", count=6000)
    whole = check(name, candles, weekly(candles), prefixes=range(1, 2500))
    assert (whole == (-1.0 if CATALOGUE[name].can_short else 0.0)).any()
    assert (whole == 1.0).any() or symbol == "DOGE_USDT"  # fell all spring, week by week


@pytest.mark.parametrize("name", STRATEGIES)
def test_recorded_hours_with_their_gaps_say_the_same_at_every_candle(name: str) -> None:
    candles = real_candles("ETH_USDT", "1h", count=6000)
    whole = check(name, candles, weekly(candles), prefixes=range(2000, 2400))
    assert {-1.0 if CATALOGUE[name].can_short else 0.0, 1.0} <= set(whole[np.isfinite(whole)])


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(
    "market",
    [
        random_walk(1800, seed=7),
        random_walk(1800, seed=8, volatility=0.15),
        random_walk(1800, seed=9, volatility=1e-7),
        without(random_walk(2000, seed=10), 700, 900),
        from_closes(np.r_[np.full(900, 0.1), np.linspace(0.1, 0.3, 300), np.full(900, 0.3)]),
    ],
    ids=["calm", "wild", "still", "gap", "plateaus"],
)
def test_synthetic_markets_say_the_same_at_every_candle(name: str, market: Candles) -> None:
    check(name, market, weekly(market), prefixes=range(1, 1500))


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_future_of_a_candle_never_changes_what_was_said(name: str) -> None:
    past = random_walk(1400, seed=3)
    bent = from_closes(np.r_[past.close[:1000], past.close[1000:] * np.linspace(1, 9, 400)])
    strategy = CATALOGUE[name]
    said = strategy.exposure(past, strategy.Parameters(), {"1w": weekly(past)})
    other = strategy.exposure(bent, strategy.Parameters(), {"1w": weekly(bent)})
    np.testing.assert_array_equal(said[:1000], other[:1000])
