"""Mark prices and funding rates: functions of market time, seed and candle, of nothing else."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from apps.simulator.domain.candles import Series
from apps.simulator.domain.liquidity import Candle
from apps.simulator.domain.perpetual.books import Mark
from apps.simulator.domain.perpetual.contracts import EIGHT

FUNDING_MS: Final = 8 * 3_600_000
RATE_STANDARD: Final = Decimal("0.0001")
_RATE_SPAN: Final = Decimal("0.0006")
_BASIS: Final = Decimal("0.0003")
_HALF: Final = Decimal("0.5")
_BASIS_PERIOD_MS: Final = 5_400_000


@dataclass(slots=True)
class FundingTable:
    """Rates (fractions) by the moment they are charged, epoch ms; rising."""

    times: list[int] = field(default_factory=list)
    rates: list[Decimal] = field(default_factory=list)


@dataclass(slots=True)
class MarkSource:
    """Where the marks of one contract come from: recorded candles and rates where there are any."""

    symbol: str
    seed: int | None = None
    marks: Series | None = None
    funding: FundingTable | None = None

    def basis(self, at_ms: int) -> Decimal:
        """Return by which fraction the mark differs from the last price at `at_ms`."""
        phase = zlib.crc32(f"{self.seed}:{self.symbol}".encode()) % _BASIS_PERIOD_MS
        turn = Decimal((at_ms + phase) % _BASIS_PERIOD_MS) / _BASIS_PERIOD_MS
        # A wave between -1 and 1 with straight flanks.
        return (_BASIS * (1 - 4 * abs(turn - _HALF))).quantize(EIGHT)

    def rate(self, at_ms: int) -> Decimal:
        """Return the rate (a fraction) charged at the funding time `at_ms`."""
        table = self.funding
        if table is not None and table.times and table.times[0] <= at_ms <= table.times[-1]:
            return table.rates[bisect_right(table.times, at_ms) - 1]
        if self.seed is None:
            return RATE_STANDARD
        drawn = Decimal(zlib.crc32(f"{self.seed}:{self.symbol}:{at_ms}".encode())) / 2**32
        return RATE_STANDARD + ((drawn - _HALF) * _RATE_SPAN).quantize(EIGHT)

    def due(self, after_ms: int, until_ms: int) -> list[int]:
        """Return the funding times after one moment and not after another."""
        table = self.funding
        first = (after_ms // FUNDING_MS + 1) * FUNDING_MS
        standard = list(range(first, until_ms + 1, FUNDING_MS))
        if table is None or not table.times:
            return standard
        inside = table.times[
            bisect_right(table.times, after_ms) : bisect_right(table.times, until_ms)
        ]
        outside = [t for t in standard if not table.times[0] <= t <= table.times[-1]]
        return sorted({*inside, *outside})

    def next_due(self, at_ms: int) -> int:
        """Return the next funding time."""
        return self.due(at_ms, at_ms + 2 * FUNDING_MS)[0]

    def mark(self, last: Decimal, at_ms: int) -> Mark:
        """Return the mark beside a last price: from it and the basis."""
        price = (last * (1 + self.basis(at_ms))).quantize(EIGHT)
        return self._mark(price, last, at_ms)

    def candle(self, candle: Candle) -> Candle:
        """Return the mark candle of a candle: the recorded one, else the candle with its basis."""
        recorded = self.marks.at(candle.ts) if self.marks else None
        if recorded is not None:
            return recorded
        factor = 1 + self.basis(candle.ts)
        return Candle(
            ts=candle.ts,
            open=(candle.open * factor).quantize(EIGHT),
            high=(candle.high * factor).quantize(EIGHT),
            low=(candle.low * factor).quantize(EIGHT),
            close=(candle.close * factor).quantize(EIGHT),
            volume=candle.volume,
        )

    def after(self, candle: Candle, closed_ms: int) -> Mark:
        """Return the mark once `candle` has closed at `closed_ms`."""
        return self._mark(self.candle(candle).close, candle.close, closed_ms)

    def _mark(self, price: Decimal, index: Decimal, at_ms: int) -> Mark:
        due = self.next_due(at_ms)
        return Mark(price, index, self.rate(due), due)
