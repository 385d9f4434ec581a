"""A seeded random market: regimes, jumps, correlated instruments. Floats, as all statistics here.

Time comes in blocks of one hour. A block is a pure function of seed, number and the state that
the block before left, so that a restart continues the same path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.simulator.domain.candles import Values

MINUTES: Final = 60
TICKS: Final = 240
BLOCK_MS: Final = 3_600_000
TICK_MS: Final = 250
REGIMES: Final = ("range", "rise", "fall", "volatile")
# By regime: drift a minute, volatility factor, pull towards the anchor a minute.
_DRIFT: Final = np.array([0.0, 0.00035, -0.00035, 0.0])
_NOISE: Final = np.array([0.8, 0.9, 1.0, 2.4])
_PULL: Final = np.array([0.04, 0.0, 0.0, 0.0])
_HOME_PULL: Final = 2e-5
_SIGMA: Final = 0.0009
_CHANGE: Final = 1 / 40
_JUMP: Final = 1 / 240
_TOGETHER: Final = 0.75
_COST_A_MINUTE: Final = 2_000_000.0
_BASES: Final = {
    "BTC": 64_000.0, "ETH": 3_200.0, "SOL": 150.0, "XRP": 0.55, "ADA": 0.45, "DOGE": 0.15,
    "AVAX": 32.0, "LINK": 15.0, "DOT": 6.5, "LTC": 82.0,
}  # fmt: skip
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MarketState:
    """What a block hands to the next: logarithms of prices and anchors, regime numbers."""

    prices: list[float]
    anchors: list[float]
    regimes: list[int]


@dataclass(frozen=True, slots=True)
class Hour:
    """One generated hour of n instruments.

    `ticks` has shape (n, 14400): prices every 250 ms, rounded to ticks; `volumes` (n, 60): base
    units a minute; `candles` (n, 60, 5).
    """

    ticks: Vector
    volumes: Vector
    candles: Values
    state: MarketState


def base_price(base: str) -> float:
    """Return the price an asset keeps coming home to, in quote units."""
    return _BASES.get(base, 10.0)


def first_state(bases: list[str]) -> MarketState:
    """Return the state before the first block."""
    prices = [float(np.log(base_price(base))) for base in bases]
    return MarketState(prices, list(prices), [0] * len(bases))


def next_hour(
    seed: int, number: int, state: MarketState, *, bases: list[str], ticks: list[float]
) -> Hour:
    """Return the block `number` (hours since the epoch) that follows `state`.

    `ticks` are price increments in quote units, one an instrument.
    """
    random = np.random.default_rng([seed, number])
    count, home = len(bases), np.log([base_price(base) for base in bases])
    prices, anchors = np.array(state.prices), np.array(state.anchors)
    regimes = np.array(state.regimes)
    path = np.empty((count, MINUTES * TICKS))
    for minute in range(MINUTES):
        changing = random.random(count) < _CHANGE
        drawn = random.choice(len(REGIMES), size=count, p=[0.4, 0.25, 0.25, 0.1])
        regimes = np.where(changing, drawn, regimes)
        anchors = np.where(changing, prices, anchors)
        drift = _DRIFT[regimes] - _PULL[regimes] * (prices - anchors) - _HOME_PULL * (prices - home)
        steps = _steps(random, count) * (_SIGMA * _NOISE[regimes] / TICKS**0.5)[:, None]
        steps[:, random.integers(TICKS)] += _jump(random, count)
        walked = prices[:, None] + np.cumsum(steps + (drift / TICKS)[:, None], axis=1)
        path[:, minute * TICKS : (minute + 1) * TICKS] = walked
        prices = walked[:, -1]
    increments = np.array(ticks)[:, None]
    rounded = np.maximum(np.round(np.exp(path) / increments), 1) * increments
    volumes = _volumes(random, rounded, bases)
    after = MarketState(prices.tolist(), anchors.tolist(), regimes.tolist())
    return Hour(rounded, volumes, _candles(rounded, volumes), after)


def _steps(random: np.random.Generator, count: int) -> Vector:
    """Return standard normal steps (count, TICKS) that share a part of their variance."""
    common, own = random.standard_normal(TICKS), random.standard_normal((count, TICKS))
    steps: Vector = _TOGETHER * common[None, :] + (1 - _TOGETHER**2) ** 0.5 * own
    return steps


def _jump(random: np.random.Generator, count: int) -> Vector:
    """Return a rare jump of up to 1.5 %, of all instruments or of one."""
    size = random.uniform(0.004, 0.015) * random.choice((-1.0, 1.0))
    hit, alone = random.random() < _JUMP, random.integers(2 * count)
    if not hit:
        return np.zeros(count)
    hits: Vector = np.where((np.arange(count) == alone) | (alone >= count), size, 0.0)
    return hits


def _volumes(random: np.random.Generator, prices: Vector, bases: list[str]) -> Vector:
    """Return base units a minute, more when prices move."""
    minutes = prices.reshape(len(bases), MINUTES, TICKS)
    moved = minutes.max(axis=2) / minutes.min(axis=2) - 1
    cost = (
        _COST_A_MINUTE
        * np.exp(0.5 * random.standard_normal(moved.shape))
        * (0.5 + moved / _SIGMA / 3)
    )
    volumes: Vector = np.round(cost / minutes[:, :, -1], 3)
    return volumes


def _candles(prices: Vector, volumes: Vector) -> Values:
    """Return minute candles; each opens where the one before closed, the first at its own tick."""
    minutes = prices.reshape(len(prices), MINUTES, TICKS)
    opens = minutes[:, :, 0].copy()
    opens[:, 1:] = minutes[:, :-1, -1]
    highs = np.maximum(minutes.max(axis=2), opens)
    lows = np.minimum(minutes.min(axis=2), opens)
    return np.stack([opens, highs, lows, minutes[:, :, -1], volumes], axis=2)
