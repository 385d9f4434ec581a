"""The catalogue: every strategy that a bot may run."""

from __future__ import annotations

from typing import Final

from apps.core.errors import NotFound
from apps.strategies.domain.base import Strategy
from apps.strategies.domain.catalogue.breakout import Breakout
from apps.strategies.domain.catalogue.ema_trend import EmaTrend
from apps.strategies.domain.catalogue.mean_reversion import MeanReversion
from apps.strategies.domain.catalogue.sma_cross import SmaCross
from apps.strategies.domain.catalogue.sma_swing import SmaSwing

CATALOGUE: Final[dict[str, Strategy]] = {
    strategy.name: strategy
    for strategy in (SmaCross(), MeanReversion(), Breakout(), EmaTrend(), SmaSwing())
}


def strategy_named(name: str) -> Strategy:
    """Return the strategy called `name`.

    :raises NotFound: `UNKNOWN_STRATEGY`, with the names that exist.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise NotFound(
            "UNKNOWN_STRATEGY", field="strategy", value=name, known=sorted(CATALOGUE)
        ) from None
