"""Longer candles from shorter ones."""

from __future__ import annotations

import numpy as np

from apps.core.domain.timeframes import TIMEFRAME_MS, offset_ms
from apps.core.errors import InvalidInput
from apps.marketdata.domain.candles import Candles


def resample(candles: Candles, timeframe: str, *, complete_only: bool = True) -> Candles:
    """Return candles of a longer `timeframe`: first open, highest high, lowest low, last close.

    A bucket is kept when the input reaches its end; with `complete_only`, only when none of its
    candles is missing. Volume in base units is summed.

    :raises InvalidInput: `TIMEFRAME_NOT_MULTIPLE` when one does not divide the other.
    """
    short, long = TIMEFRAME_MS[candles.timeframe], TIMEFRAME_MS[timeframe]
    if long % short:
        raise InvalidInput(
            "TIMEFRAME_NOT_MULTIPLE", field="timeframe", found=candles.timeframe, wanted=timeframe
        )
    if not len(candles):
        return Candles.empty(timeframe)
    offset = offset_ms(timeframe)
    bucket = (candles.ts - offset) // long * long + offset
    start = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    stop = np.append(start[1:], len(candles))
    closed = bucket[start] + long <= candles.ts[-1] + short
    keep = closed & (stop - start == long // short) if complete_only else closed
    return Candles(
        timeframe,
        bucket[start][keep],
        candles.open[start][keep],
        np.maximum.reduceat(candles.high, start)[keep],
        np.minimum.reduceat(candles.low, start)[keep],
        candles.close[stop - 1][keep],
        np.add.reduceat(candles.volume, start)[keep],
    )
