"""For which bots, and in what, an order by hand may be placed."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from apps.bots.models import Bot
from apps.marketdata.models import Instrument


def bots_to_trade() -> list[dict[str, Any]]:
    """Return the bots with a config, by name (one statement)."""
    found = Bot.objects.filter(archived_at=None, config__isnull=False).order_by("slug")
    return [dict(row) for row in found.values("slug", "stage", "state", "account__slug")]


def tradable_of(bot: Bot) -> list[Instrument]:
    """Return what the bot's config names or the bot holds, at its account's venue (one statement)."""
    account = bot.account
    found = Instrument.objects.filter(
        Q(botconfiginstrument__config=bot.config_id) | Q(position__bot=bot, position__amount__isnull=False),
        venue=account.venue, environment=account.environment,
    )  # fmt: skip
    return list(found.distinct().order_by("symbol"))
