"""The random market is repeatable, moves together, and forms sane candles; weights are counted."""

from __future__ import annotations

import numpy as np
import pytest

from apps.simulator.domain.market_random import first_state, next_hour
from apps.simulator.face.limits import WeightExceeded, WeightMeter

BASES, TICKS = ["BTC", "ETH", "SOL"], [0.01, 0.01, 0.01]


def hours(seed: int, count: int) -> list[np.ndarray]:
    state, candles = first_state(BASES), []
    for number in range(count):
        hour = next_hour(seed, number, state, bases=BASES, ticks=TICKS)
        state = hour.state
        candles.append(hour.candles)
    return candles


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    assert np.array_equal(np.array(hours(1, 3)), np.array(hours(1, 3)))
    assert not np.array_equal(np.array(hours(1, 3)), np.array(hours(2, 3)))


def test_candles_hold_together_from_minute_to_minute() -> None:
    candles = np.concatenate(hours(3, 6), axis=1)
    opens, highs, lows, closes, volumes = np.moveaxis(candles, 2, 0)

    assert (highs >= np.maximum(opens, closes)).all()
    assert (lows <= np.minimum(opens, closes)).all()
    assert (volumes > 0).all()
    assert (np.abs(opens[:, 1:] / closes[:, :-1] - 1) < 0.02).all()


def test_pairs_move_together_and_never_far_from_home() -> None:
    closes = np.concatenate(hours(4, 48), axis=1)[:, :, 3]
    returns = np.diff(np.log(closes), axis=1)

    assert np.corrcoef(returns)[0, 1] > 0.3
    assert (closes.max(axis=1) / closes.min(axis=1) < 3).all()


def test_weight_is_counted_by_address_until_the_minute_is_used_up() -> None:
    meter = WeightMeter(limit=50)

    assert [meter.charge("a", 20), meter.charge("a", 20), meter.charge("b", 20)] == [20, 40, 20]
    with pytest.raises(WeightExceeded) as refused:
        meter.charge("a", 20)
    assert refused.value.status == 429
    assert 0 < refused.value.retry_after <= 61
