"""Start a bot: from its next candle on it decides."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from apps.bots.actions.move_state import Step, move_state
from apps.bots.domain.sizing import Sizing, parse_protection, parse_sizing, refuse_danger
from apps.bots.domain.stages import REAL_MONEY
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id, sharers_of_perpetuals
from apps.core.actor import Actor
from apps.core.errors import Conflict, RequiresChangeRequest
from apps.strategies.gateways.source_code import source_hash


def start(*, actor: Actor, bot_id: UUID, reason: str = "", equity: Decimal | None = None) -> Bot:
    """Move a draft, stopped or failed bot to running and open its run.

    The dangerous-configuration check runs again with today's `equity` (quote units). On real
    money the approved request that brought the bot there also approved the config it runs.

    :raises Conflict: `BOT_ARCHIVED`, `BOT_HAS_NO_CONFIG`, `STRATEGY_VERSION_DIFFERS`,
        `PERPETUAL_TAKEN`, `LEVERAGE_CONFLICT`.
    :raises DangerousConfig: with the number that would pass.
    :raises RequiresChangeRequest: on small capital and mainnet, without its promotion.
    """
    bot = bot_by_id(bot_id)
    if bot.archived_at is not None:
        raise Conflict("BOT_ARCHIVED", bot=bot.slug)
    config = bot.config
    if config is None:
        raise Conflict("BOT_HAS_NO_CONFIG", bot=bot.slug)
    pinned = config.strategy_version
    if pinned.source_hash != source_hash(pinned.strategy.name):
        raise Conflict("STRATEGY_VERSION_DIFFERS", bot=bot.slug, pinned=pinned.source_hash[:12])
    protection = parse_protection(config.protection)
    sizing = parse_sizing(config.sizing)
    refuse_danger(sizing=sizing, protection=protection, equity=equity)
    refuse_shared_perpetuals(bot=bot, sizing=sizing)
    if bot.stage in REAL_MONEY and bot.stage_request_id is None:
        raise RequiresChangeRequest(kind="bot.promote", bot=bot.slug, stage=bot.stage)
    step = Step(to="running", verb="bot.start", opens_run=True)
    return move_state(actor=actor, bot_id=bot_id, step=step, reason=reason)


def refuse_shared_perpetuals(*, bot: Bot, sizing: Sizing) -> None:
    """Keep one bot an account, perpetual and side, but for the simulator; and one leverage of all.

    A venue nets what an account holds of a perpetual and knows one leverage for it.

    :raises Conflict: `PERPETUAL_TAKEN`, `LEVERAGE_CONFLICT`, with the bot that is there.
    """
    is_hedged = bot.account.position_mode == "hedge"
    for other, symbol in sharers_of_perpetuals(bot=bot):
        theirs = parse_sizing(other.config.sizing if other.config else {})
        if (theirs.leverage, theirs.margin_mode) != (sizing.leverage, sizing.margin_mode):
            raise Conflict(
                "LEVERAGE_CONFLICT", bot=other.slug, symbol=symbol, would_pass=str(theirs.leverage)
            )
        apart = is_hedged and {sizing.sides, theirs.sides} == {"long", "short"}
        if bot.account.environment != "simulated" and not apart:
            raise Conflict("PERPETUAL_TAKEN", bot=other.slug, symbol=symbol)
