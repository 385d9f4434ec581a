"""Mark bots as failed whose cycle failed; each by itself."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from apps.bots.actions.fail import fail
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.trading.domain.wishes import Decision

log = structlog.get_logger(__name__)
ACTOR = Actor.task("trading.cycle")


def fail_bots(*, decisions: Sequence[Decision]) -> None:
    """Fail the bot of every decision given; one that somebody stopped meanwhile stays stopped."""
    for decision in decisions:
        reason = " ".join(f"{key}={value}" for key, value in decision.codes[0].items())
        try:
            fail(actor=ACTOR, bot_id=decision.bot.bot_id, reason=reason.removeprefix("code="))
        except Conflict as error:
            log.info("bot.not_failed", bot=decision.bot.slug, error=str(error))
