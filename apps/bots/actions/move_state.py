"""The one statement that moves a bot's state; the verbs beside it say when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.bots.domain.lifecycle import check_step
from apps.bots.models import Bot, BotRun
from apps.bots.queries import bot_by_id
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput

REASON_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class Step:
    """A wanted step of the lifecycle: to which state, under which verb, and what else it sets."""

    to: str
    verb: str
    opens_run: bool = False
    stop_when: str = ""


def move_state(*, actor: Actor, bot_id: UUID, step: Step, reason: str) -> Bot:
    """Move a bot's state in one transaction: state, run, audit row. Returns the bot as it is now.

    :raises NotFound: `UNKNOWN_BOT`.
    :raises IllegalStep: `BOT_ILLEGAL_STEP`.
    :raises Conflict: `BOT_CHANGED` when somebody moved it meanwhile.
    """
    if len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput("REASON_TOO_LONG", field="reason", max=REASON_LENGTH_MAX)
    at = now()
    with transaction.atomic(), acting(actor=actor, verb=step.verb, reason=reason):
        bot = bot_by_id(bot_id)
        # a paused bot that is told to leave stays paused
        if not (step.stop_when and step.to == bot.state):
            check_step(before=bot.state, after=step.to)
        changes = {
            "state": step.to, "state_reason": reason, "state_since": at, "stop_when": step.stop_when,
        }  # fmt: skip
        moved = Bot.objects.filter(pk=bot_id, state=bot.state, config_id=bot.config_id).update(
            **changes
        )
        if not moved:
            raise Conflict("BOT_CHANGED", bot=bot.slug, state=bot.state)
        if step.opens_run:
            _open_run(bot, actor, at)
        elif step.to in {"stopped", "failed"}:
            ended = {"ended_at": at, "ended_by": actor.name, "end_reason": reason}
            BotRun.objects.filter(bot_id=bot_id, ended_at=None).update(**ended)
    ring("fleet", f"bot:{bot_id}")
    return bot_by_id(bot_id)


def _open_run(bot: Bot, actor: Actor, at: datetime) -> None:
    if bot.config_id is None:
        raise Conflict("BOT_HAS_NO_CONFIG", bot=bot.slug)
    BotRun.objects.create(bot=bot, config_id=bot.config_id, started_at=at, started_by=actor.name)
