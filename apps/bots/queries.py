"""Reads of bots that more than one action needs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F

from apps.bots.models import Bot
from apps.core.errors import NotFound


def bot_by_id(bot_id: UUID) -> Bot:
    """Return a bot with its account and config.

    :raises NotFound: `UNKNOWN_BOT`.
    """
    bot = (
        Bot.objects.select_related("account", "config__strategy_version__strategy")
        .filter(pk=bot_id)
        .first()
    )
    if bot is None:
        raise NotFound("UNKNOWN_BOT", field="bot", value=str(bot_id))
    return bot


def is_engaged(bot_id: UUID) -> bool:
    """Return whether the bot holds more than dust or has an unfinished order.

    The rows above point down at the bot, so their reverse names are enough to ask.
    """
    mine = Bot.objects.filter(pk=bot_id)
    holds = mine.filter(positions__amount__gte=F("positions__instrument__amount_step"))
    return holds.exists() or mine.filter(orders__isnull=False, orders__ended_at=None).exists()
