"""Where a trailing stop stands by the candles since it began: the venues do not tell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

# A candle: opened (epoch seconds), open, high, low, close.
Bar = Sequence[Any]


def trailing_level(
    *, side: str, rate: Decimal, activation: Decimal | None, candles: Sequence[Bar], since: int
) -> float | None:
    """Return about where it would fire (price, for pixels); None before its activation.

    A sell follows the highest price since `since` (epoch seconds), a buy the lowest. Of the candle
    in which it began only the close counts.
    """
    best: float | None = None
    start = None if activation is None else float(activation)
    for opened, _, high, low, close in candles:
        if opened + _seconds(candles) <= since:
            continue
        seen = close if opened < since else (high if side == "sell" else low)
        if start is not None and ((seen < start) if side == "sell" else (seen > start)):
            continue
        start = None
        best = seen if best is None else (max(best, seen) if side == "sell" else min(best, seen))
    if best is None:
        return None
    return best * (1 - float(rate)) if side == "sell" else best * (1 + float(rate))


def _seconds(candles: Sequence[Bar]) -> int:
    return int(candles[1][0] - candles[0][0]) if len(candles) > 1 else 0
