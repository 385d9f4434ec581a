"""Decisions of a whole batch: bots that have nothing and want nothing are decided alike."""

from __future__ import annotations

from collections.abc import Mapping

from apps.trading.domain.batch import Batch, BotRow
from apps.trading.domain.opinions import Opinion, Plan
from apps.trading.domain.wishes import Decision, decide

Alike = tuple[Plan, tuple[int, ...]]


def decide_all(*, batch: Batch, opinions: Mapping[tuple[Plan, int], Opinion]) -> list[Decision]:
    """Return a decision per bot, in the batch's order.

    Bots of one plan and the same instruments that hold nothing, have nothing open, remember no
    target and hear no wish share the wishes of the first of them.
    """
    silent: dict[Alike, Decision] = {}
    mine: dict[Alike, dict[int, Opinion]] = {}
    decisions = []
    for bot in batch.bots:
        alike = (bot.plan, bot.instrument_ids)
        heard = mine.get(alike)
        if heard is None:
            heard = {i: opinions[bot.plan, i] for i in bot.instrument_ids}
            mine[alike] = heard
        if not _is_idle(bot, batch, heard):
            decisions.append(decide(bot=bot, batch=batch, opinions=heard))
            continue
        model = silent.get(alike)
        if model is None:
            model = decide(bot=bot, batch=batch, opinions=heard)
            silent[alike] = model
        decisions.append(Decision(bot, model.wishes, codes=model.codes))
    return decisions


def _is_idle(bot: BotRow, batch: Batch, heard: Mapping[int, Opinion]) -> bool:
    """Return whether the bot has no books at all and nobody tells it to do anything."""
    return (
        bot.bot_id not in batch.targets
        and bot.bot_id not in batch.holdings
        and bot.bot_id not in batch.open_amounts
        and not any(opinion.failed or abs(opinion.exposure) > 0.0 for opinion in heard.values())
    )
