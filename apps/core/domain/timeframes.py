"""Timeframes of candles, as ccxt writes them."""

from __future__ import annotations

from typing import Final

MINUTE_MS: Final = 60_000
TIMEFRAME_MS: Final[dict[str, int]] = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "1d": 1440 * MINUTE_MS,
    "1w": 7 * 1440 * MINUTE_MS,
}
# The epoch was a Thursday; weekly candles open on Monday.
_WEEK_OFFSET_MS: Final = 4 * 1440 * MINUTE_MS


def offset_ms(timeframe: str) -> int:
    """Return by how many ms the timeframe's grid is shifted from the epoch."""
    return _WEEK_OFFSET_MS if timeframe == "1w" else 0


def open_ms(at_ms: int, timeframe: str) -> int:
    """Return the open time (epoch ms) of the candle that contains `at_ms`."""
    length, offset = TIMEFRAME_MS[timeframe], offset_ms(timeframe)
    return (at_ms - offset) // length * length + offset


def closes_at(at_ms: int, timeframe: str) -> bool:
    """Return whether a candle of `timeframe` closes exactly at `at_ms` (epoch ms)."""
    return open_ms(at_ms, timeframe) == at_ms
