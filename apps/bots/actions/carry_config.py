"""Carry a config over to another account: the same content on that account's instruments."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max

from apps.bots.models import Bot, BotConfig, BotConfigInstrument
from apps.bots.queries import bot_by_id
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict
from apps.marketdata.models import Instrument


def carry_config(*, actor: Actor, bot_id: UUID, source: BotConfig, reason: str) -> BotConfig:
    """Write `source` again as the bot's next version, with the same symbols at its new account.

    For promotion and demotion, inside their transaction, after the account has moved.

    :raises Conflict: `INSTRUMENT_NOT_TRADABLE` where the new venue lacks a symbol.
    """
    bot = bot_by_id(bot_id)
    symbols = set(source.instruments.values_list("instrument__symbol", flat=True))
    found = Instrument.objects.filter(
        venue=bot.account.venue,
        environment=bot.account.environment,
        symbol__in=symbols,
        is_tradable=True,
    )
    instruments = sorted(found, key=lambda instrument: instrument.symbol)
    if missing := sorted(symbols - {instrument.symbol for instrument in instruments}):
        raise Conflict("INSTRUMENT_NOT_TRADABLE", value=missing, account=bot.account.slug)
    number = (bot.configs.aggregate(last=Max("number"))["last"] or 0) + 1
    config = BotConfig.objects.create(
        bot=bot, number=number, strategy_version=source.strategy_version, timeframe=source.timeframe,
        parameters=source.parameters, sizing=source.sizing, protection=source.protection,
        execution=source.execution,
        content_hash=source.content_hash, reason=reason, created_by=actor.id,
        created_by_name=actor.name, created_at=now(),
    )  # fmt: skip
    BotConfigInstrument.objects.bulk_create(
        BotConfigInstrument(config=config, instrument=instrument) for instrument in instruments
    )
    Bot.objects.filter(pk=bot_id).update(config=config)
    return config
