"""Pause a bot: exits and protection go on, entries do not. Survives restarts."""

from __future__ import annotations

from uuid import UUID

from apps.bots.actions.move_state import Step, move_state
from apps.bots.models import Bot
from apps.core.actor import Actor


def pause(*, actor: Actor, bot_id: UUID, reason: str = "") -> Bot:
    """Move a running bot to paused.

    :raises IllegalStep: `BOT_ILLEGAL_STEP` when it does not run.
    """
    step = Step(to="paused", verb="bot.pause")
    return move_state(actor=actor, bot_id=bot_id, step=step, reason=reason)
