"""Stop the paused bots that were told to leave, once they hold nothing."""

from __future__ import annotations

from uuid import UUID

from apps.bots.actions.stop import stop
from apps.bots.models import Bot
from apps.bots.queries import is_engaged
from apps.core.actor import Actor

ACTOR = Actor.task("trading.cycle")


def stop_leaving(*, account_id: UUID) -> int:
    """Stop the account's bots that are paused until flat and are flat; return how many."""
    leaving = Bot.objects.filter(account_id=account_id, state="paused", stop_when="flat")
    done = [bot for bot in leaving.order_by("slug") if not is_engaged(bot.pk)]
    for bot in done:
        stop(actor=ACTOR, bot_id=bot.pk, reason=bot.state_reason or "flat")
    return len(done)
