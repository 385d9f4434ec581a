"""Archive a bot: it leaves the lists and never starts again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id, is_engaged
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.clock import now
from apps.core.errors import Conflict


def archive(*, actor: Actor, bot_id: UUID, reason: str = "") -> Bot:
    """Archive a draft, stopped or failed bot that holds nothing.

    :raises Conflict: `BOT_IS_ACTIVE`, `BOT_IS_ENGAGED`, `BOT_CHANGED`.
    """
    with transaction.atomic(), acting(actor=actor, verb="bot.archive", reason=reason):
        bot = bot_by_id(bot_id)
        if bot.state in {"running", "paused"}:
            raise Conflict("BOT_IS_ACTIVE", bot=bot.slug, state=bot.state)
        if is_engaged(bot_id):
            raise Conflict("BOT_IS_ENGAGED", bot=bot.slug)
        resting = Bot.objects.filter(pk=bot_id, state=bot.state, archived_at=None)
        if not resting.update(archived_at=now()):
            raise Conflict("BOT_CHANGED", bot=bot.slug)
    ring("fleet", f"bot:{bot_id}")
    return bot_by_id(bot_id)
