"""Step 3: ask each strategy once per plan and instrument, however many bots share the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping

import structlog

from apps.core.clock import to_ms
from apps.core.domain.timeframes import closes_at
from apps.core.errors import DeskError
from apps.marketdata.domain.candles import Candles
from apps.strategies.domain.parameters import parse_parameters
from apps.strategies.domain.registry import strategy_named
from apps.strategies.gateways.source_code import source_hash
from apps.trading.domain.batch import Batch, BotRow
from apps.trading.domain.opinions import Mind, Opinion, Plan, WindowKey
from apps.trading.domain.sizing import VOLATILITY_CANDLES, yearly_volatility

log = structlog.get_logger(__name__)
Opinions = dict[tuple[Plan, int], Opinion]


def ask_strategies(
    *, batch: Batch, minds: Mapping[Plan, Mind], windows: Mapping[WindowKey, Candles]
) -> Opinions:
    """Return the opinion of every plan on every instrument that one of its bots trades."""
    opinions: Opinions = {}
    for bot in batch.bots:
        for instrument_id in bot.instrument_ids:
            key = (bot.plan, instrument_id)
            if key not in opinions:
                opinions[key] = think(
                    mind=minds[bot.plan], instrument_id=instrument_id, batch=batch, windows=windows
                )
    return opinions


def make_minds(*, batch: Batch) -> dict[Plan, Mind]:
    """Return a mind per plan of the batch; one that cannot be made carries its problem."""
    minds: dict[Plan, Mind] = {}
    for bot in batch.bots:
        if bot.plan not in minds:
            minds[bot.plan] = _make_mind(bot)
    return minds


def _make_mind(bot: BotRow) -> Mind:
    try:
        strategy = strategy_named(bot.strategy)
        if source_hash(bot.strategy) != bot.source_hash:
            code = {"code": "STRATEGY_VERSION_DIFFERS", "pinned": bot.source_hash[:12]}
            return Mind(problem=Opinion(code=code))
        parameters = parse_parameters(strategy, json.loads(bot.parameters))
        return Mind(
            strategy, parameters, strategy.warmup_candles(parameters),
            strategy.informative_candles(parameters),
        )  # fmt: skip
    except DeskError as error:
        return Mind(problem=Opinion(code={"code": error.code}, failed=True))
    except Exception as error:
        log.exception("strategy.failed", strategy=bot.strategy, bot=bot.slug)
        return Mind(problem=_failure(error))


def windows_needed(*, batch: Batch, minds: Mapping[Plan, Mind]) -> dict[WindowKey, int]:
    """Return how many candles are needed per (instrument, timeframe)."""
    counts: dict[WindowKey, int] = {}
    seen: set[tuple[Plan, tuple[int, ...]]] = set()
    for bot in batch.bots:
        mind, key = minds[bot.plan], (bot.plan, bot.instrument_ids)
        by_volatility = "volatility_target" in bot.sizing
        if key in seen and not by_volatility:
            continue
        seen.add(key)
        base = max(mind.warmup, VOLATILITY_CANDLES + 1 if by_volatility else 1)
        for instrument_id in bot.instrument_ids:
            for timeframe, count in ((batch.timeframe, base), *mind.informative.items()):
                window = (instrument_id, timeframe)
                counts[window] = max(count, counts.get(window, 0))
    return counts


def think(
    *, mind: Mind, instrument_id: int, batch: Batch, windows: Mapping[WindowKey, Candles]
) -> Opinion:
    """Return what a mind says of one instrument; an exception becomes a failed opinion.

    A candle that closes now must be stored, in every timeframe that the mind reads.
    """
    if mind.problem is not None:
        return mind.problem
    timeframes = (batch.timeframe, *mind.informative)
    for timeframe in timeframes:
        if (
            closes_at(to_ms(batch.at), timeframe)
            and (instrument_id, timeframe) not in batch.present
        ):
            return Opinion(code={"code": "STALE_DATA", "timeframe": timeframe})
    candles = windows[instrument_id, batch.timeframe]
    context = {
        timeframe: windows[instrument_id, timeframe].tail(count)
        for timeframe, count in mind.informative.items()
    }
    assert mind.strategy is not None
    try:
        wanted = mind.strategy.exposure(candles.tail(mind.warmup), mind.parameters, context)
        exposure = float(wanted[-1])
    except Exception as error:
        log.exception("strategy.failed", strategy=mind.strategy.name, instrument=instrument_id)
        return _failure(error)
    short = {"code": "TOO_FEW_CANDLES", "value": len(candles), "would_pass": mind.warmup}
    code = short if len(candles) < mind.warmup else None
    return Opinion(exposure, code, volatility=yearly_volatility(candles))


def _failure(error: Exception) -> Opinion:
    return Opinion(code={"code": "STRATEGY_FAILED", "error": type(error).__name__}, failed=True)
