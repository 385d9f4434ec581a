"""Books and candles of the random market, made of the prices it generates."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Final

import numpy as np

from apps.core.domain.money import floor_to
from apps.core.domain.timeframes import MINUTE_MS
from apps.simulator.domain.candles import Times, Values
from apps.simulator.domain.instruments import LINEAR, Instrument
from apps.simulator.domain.liquidity import LadderLiquidity, Level
from apps.simulator.domain.market_random import BLOCK_MS, MINUTES

LEVELS: Final = 10
_DEPTH: Final = Decimal("0.2")


def ladder(instrument: Instrument, last: Decimal, *, volume: Decimal, salt: int) -> LadderLiquidity:
    """Return a book around `last`: ten levels a side, a fifth of the minute's `volume` in all."""
    tick, step = instrument.tick, instrument.step
    gap = max(floor_to(last * instrument.half_spread, tick), tick)
    unit = volume * _DEPTH / (LEVELS * (LEVELS + 1) // 2)
    bids: list[Level] = []
    asks: list[Level] = []
    for level in range(1, LEVELS + 1):
        noise = Decimal(50 + (salt * 7919 + level * 104729) % 100) / 100
        size = max(floor_to(unit * level * noise, step), step)
        asks.append((last + gap * level, size))
        if last > gap * level:
            bids.append((last - gap * level, size))
    return LadderLiquidity(last, bids, asks)


def in_ticks(instrument: Instrument, candles: Values) -> Values:
    """Return the candles of the spot pair in the ticks of its perpetual; spot as it is."""
    if instrument.kind != LINEAR:
        return candles
    shown, tick = candles.copy(), float(instrument.tick)
    shown[:, :4] = np.maximum(np.round(shown[:, :4] / tick), 1) * tick
    return shown


def minutes(number: int) -> Times:
    """Return the open times (epoch ms) of the minutes of block `number`."""
    times: Times = number * BLOCK_MS + np.arange(MINUTES, dtype=np.int64) * MINUTE_MS
    return times


def unpacked(packed: bytes, count: int) -> Values:
    """Return the candles of a stored block, shape (count, 60, 5)."""
    return np.frombuffer(zlib.decompress(packed), dtype=np.float64).reshape(count, MINUTES, 5)
