"""Reads of bots that more than one action needs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F, Q

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
    step = F("positions__instrument__amount_step")
    holds = mine.filter(Q(positions__amount__gte=step) | Q(positions__amount__lte=-1 * step))
    return holds.exists() or mine.filter(orders__isnull=False, orders__ended_at=None).exists()


def sharers_of_perpetuals(*, bot: Bot) -> list[tuple[Bot, str]]:
    """Return the active bots of the same account on a perpetual of `bot`'s config, with its symbol."""
    perpetuals = {} if bot.config is None else dict(
        bot.config.instruments.filter(instrument__kind="linear").values_list(
            "instrument_id", "instrument__symbol"
        )
    )  # fmt: skip
    if not perpetuals:
        return []
    others = (
        Bot.objects.select_related("config")
        .filter(account_id=bot.account_id, state__in=["running", "paused"], archived_at=None)
        .filter(config__instruments__instrument_id__in=perpetuals)
        .exclude(pk=bot.pk)
        .annotate(shared=F("config__instruments__instrument_id"))
        .order_by("slug")
    )
    return [(other, perpetuals[other.shared]) for other in others]
