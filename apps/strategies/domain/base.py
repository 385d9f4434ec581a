"""What a strategy is: a pure function from closed candles to wanted exposure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from apps.marketdata.domain.candles import Candles, Floats

# Two indicators nearer than this (relative) are equal: running sums differ in their last bits
# with the length of the history, and an opinion must not.
DEAD_BAND = 1e-9


@dataclass(frozen=True, slots=True)
class Protection:
    """Fractions of the entry price; a bot's config may choose others."""

    stop_loss: Decimal
    take_profit: Decimal | None = None


class Strategy(ABC):
    """One entry of the catalogue. It never sees an exchange, a database, a clock or a network.

    `exposure` gives for every closed candle the wanted exposure in [-1, 1]; NaN means "keep".
    The value at a candle depends on at most `warmup_candles` candles up to it (and on
    `informative_candles` per informative timeframe), so that a bounded window says the same as
    the whole history.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    version: ClassVar[str]
    timeframe: ClassVar[str] = "1h"
    informative_timeframes: ClassVar[tuple[str, ...]] = ()
    can_short: ClassVar[bool] = False
    protection: ClassVar[Protection]
    Parameters: ClassVar[type[Any]]

    def check(self, parameters: Any) -> None:  # noqa: B027 - most strategies have no such rule
        """Refuse parameters that do not fit each other.

        :raises InvalidInput: `PARAMETER_OUT_OF_RANGE`.
        """

    @abstractmethod
    def warmup_candles(self, parameters: Any) -> int:
        """Return how many closed candles decide the newest opinion."""

    def informative_candles(self, parameters: Any) -> dict[str, int]:
        """Return how many closed candles are needed per informative timeframe."""
        return {}

    @abstractmethod
    def opinions(
        self, candles: Candles, parameters: Any, informative: Mapping[str, Candles]
    ) -> Floats:
        """Return exposure per candle, float64 of shape (n,); called with n >= 1 sane candles."""

    def exposure(
        self, candles: Candles, parameters: Any, informative: Mapping[str, Candles] | None = None
    ) -> Floats:
        """Return the wanted exposure in [-1, 1] after each closed candle, float64 of shape (n,).

        NaN where there is no opinion; candles with impossible prices give no opinion at all.
        """
        nothing = np.full(len(candles), np.nan)
        if len(candles) == 0 or not is_sane(candles):
            return nothing
        contexts = {}
        for timeframe in self.informative_timeframes:
            context = (informative or {}).get(timeframe) or Candles.empty(timeframe)
            contexts[timeframe] = context if is_sane(context) else Candles.empty(timeframe)
        with np.errstate(all="ignore"):
            wanted = self.opinions(candles, parameters, contexts)
        low = -1.0 if self.can_short else 0.0
        return np.clip(np.where(np.isfinite(wanted), wanted, nothing), low, 1.0)


def is_sane(candles: Candles) -> bool:
    """Return whether all prices are finite and positive and all volumes finite."""
    return bool(
        np.isfinite(candles.volume).all()
        and all(
            np.isfinite(prices).all() and (prices > 0.0).all()
            for prices in (candles.open, candles.high, candles.low, candles.close)
        )
    )


def above(left: Floats, right: Floats) -> Any:
    """Return where `left` is above `right` by more than the dead band; False where either is NaN."""
    return (left - right) > DEAD_BAND * np.abs(right)
