"""Mark a bot as failed: it decides no more until a person or the restart policy starts it."""

from __future__ import annotations

from uuid import UUID

from apps.bots.actions.move_state import Step, move_state
from apps.bots.models import Bot
from apps.core.actor import Actor


def fail(*, actor: Actor, bot_id: UUID, reason: str) -> Bot:
    """Move a running or paused bot to failed and end its run.

    :raises IllegalStep: `BOT_ILLEGAL_STEP` when it does not run.
    """
    step = Step(to="failed", verb="bot.fail")
    return move_state(actor=actor, bot_id=bot_id, step=step, reason=reason)
