"""Demote a bot: one person, at once, always towards less risk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.bots.actions.carry_config import carry_config
from apps.bots.domain.stages import REAL_MONEY, STAGES, environment_fits
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id, is_engaged
from apps.core.actor import Actor
from apps.core.bell import ring
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.marketdata.clock import market_now
from apps.venues.models import VenueAccount


def demote(
    *, actor: Actor, bot_id: UUID, to_stage: str, reason: str, account_id: UUID | None = None,
    rehearsal: bool = False,
) -> Bot:  # fmt: skip
    """Move a bot to a lower stage; where that stage needs another environment, to `account_id`.

    With a change of account the bot must be stopped and flat, so that no position is orphaned.
    `rehearsal` says that this desk allows every stage on simulated accounts.

    :raises InvalidInput: `NOT_A_DEMOTION`, `STAGE_NEEDS_OTHER_ACCOUNT`, `REASON_REQUIRED`.
    :raises Conflict: `BOT_IS_ACTIVE`, `BOT_IS_ENGAGED`, `BOT_CHANGED`, `INSTRUMENT_NOT_TRADABLE`.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    with transaction.atomic(), acting(actor=actor, verb="bot.demote", reason=reason):
        bot = bot_by_id(bot_id)
        if to_stage not in STAGES[: STAGES.index(bot.stage)]:
            raise InvalidInput("NOT_A_DEMOTION", field="to_stage", value=to_stage, stage=bot.stage)
        changes: dict[str, Any] = {"stage": to_stage, "stage_since": market_now()}
        if to_stage not in REAL_MONEY:
            changes["stage_request"] = None
        account = bot.account if account_id is None else _account(account_id)
        if not environment_fits(
            stage=to_stage, environment=account.environment, rehearsal=rehearsal
        ):
            raise InvalidInput(
                "STAGE_NEEDS_OTHER_ACCOUNT",
                field="account",
                stage=to_stage,
                environment=account.environment,
            )
        if account.pk != bot.account_id:
            _check_free(bot)
            changes |= {"account": account, "config": None}
        present = Bot.objects.filter(pk=bot_id, stage=bot.stage, state=bot.state)
        if not present.update(**changes):
            raise Conflict("BOT_CHANGED", bot=bot.slug)
        if account.pk != bot.account_id and bot.config is not None:
            carry_config(actor=actor, bot_id=bot_id, source=bot.config, reason=reason)
    ring("fleet", f"bot:{bot_id}")
    return bot_by_id(bot_id)


def _account(account_id: UUID) -> VenueAccount:
    account = VenueAccount.objects.filter(pk=account_id, archived_at=None).first()
    if account is None:
        raise NotFound("UNKNOWN_ACCOUNT", field="account", value=str(account_id))
    return account


def _check_free(bot: Bot) -> None:
    """Refuse to move a bot that decides or holds something."""
    if bot.state not in {"draft", "stopped"}:
        raise Conflict("BOT_IS_ACTIVE", bot=bot.slug, state=bot.state, allowed=["draft", "stopped"])
    if is_engaged(bot.pk):
        raise Conflict("BOT_IS_ENGAGED", bot=bot.slug)
