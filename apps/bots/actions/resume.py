"""Resume a paused bot; its config and stage are those it was paused with."""

from __future__ import annotations

from uuid import UUID

from apps.bots.actions.move_state import Step, move_state
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.strategies.gateways.source_code import source_hash


def resume(*, actor: Actor, bot_id: UUID, reason: str = "") -> Bot:
    """Move a paused bot to running, with the pin unchanged; the run goes on.

    :raises IllegalStep: `BOT_ILLEGAL_STEP` when it is not paused.
    :raises Conflict: `STRATEGY_VERSION_DIFFERS`.
    """
    bot = bot_by_id(bot_id)
    # The table also allows stopped -> running, which is a start and asks more.
    if bot.state != "paused":
        raise Conflict("BOT_ILLEGAL_STEP", state=bot.state, wanted="running", verb="resume")
    pinned = bot.config.strategy_version if bot.config else None
    if pinned is None or pinned.source_hash != source_hash(pinned.strategy.name):
        raise Conflict("STRATEGY_VERSION_DIFFERS", bot=bot.slug)
    step = Step(to="running", verb="bot.resume")
    return move_state(actor=actor, bot_id=bot_id, step=step, reason=reason)
