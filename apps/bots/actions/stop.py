"""Stop a bot. A stop never trades: the exchange keeps the protective stop."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from apps.bots.actions.move_state import Step, move_state
from apps.bots.models import Bot
from apps.bots.queries import is_engaged
from apps.core.actor import Actor
from apps.core.errors import InvalidInput

STOP_MODES = ("keep", "exits_only")


def stop(
    *, actor: Actor, bot_id: UUID, mode: Literal["keep", "exits_only"] = "keep", reason: str = ""
) -> Bot:
    """Stop a bot: at once and keeping what it holds (`keep`), or after its own exits.

    `exits_only` pauses the bot until it is flat; the cycle that finds it so stops it.

    :raises InvalidInput: `STOP_MODE_UNKNOWN`.
    :raises IllegalStep: `BOT_ILLEGAL_STEP` when it does not run.
    """
    if mode not in STOP_MODES:
        raise InvalidInput("STOP_MODE_UNKNOWN", field="mode", value=mode, known=list(STOP_MODES))
    stopped = Step(to="stopped", verb="bot.stop")
    if mode == "keep" or not is_engaged(bot_id):
        return move_state(actor=actor, bot_id=bot_id, step=stopped, reason=reason)
    leaving = Step(to="paused", verb="bot.stop", stop_when="flat")
    return move_state(actor=actor, bot_id=bot_id, step=leaving, reason=reason)
