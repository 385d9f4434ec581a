"""Move a bot up one stage, with the proof that people agreed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.approvals.models import ChangeRequest
from apps.audit.context import acting
from apps.bots.actions.carry_config import carry_config
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id, is_engaged
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.errors import Conflict, RequiresChangeRequest
from apps.golive.domain.stages import PromotionRefused
from apps.marketdata.clock import market_now


def promote(*, actor: Actor, proof: ChangeRequest) -> Bot:
    """Set the bot's stage, and its account where that changes, as the content of `proof` says.

    PostgreSQL asks for the same proof once more. With a change of account the bot must be stopped
    and flat; its config goes along.

    :raises RequiresChangeRequest: `proof` is not a promotion that is being applied.
    :raises PromotionRefused: `BOT_IS_ACTIVE`, `BOT_IS_ENGAGED`.
    :raises Conflict: `BOT_CHANGED`.
    """
    with transaction.atomic():
        stored = ChangeRequest.objects.select_for_update().filter(pk=proof.pk).first()
        if stored is None or (stored.kind, stored.state) != ("bot.promote", "applying"):
            raise RequiresChangeRequest(request=proof.reference, state=stored and stored.state)
        content = stored.content
        bot = bot_by_id(UUID(stored.subject_id))
        changes: dict[str, Any] = {
            "stage": content["to_stage"],
            "stage_since": market_now(),
            "stage_request": stored,
        }
        is_moving = content["account_id"] != str(bot.account_id)
        if is_moving:
            _check_free(bot)
            changes |= {"account_id": content["account_id"], "config": None}
        reason = f"{stored.reference}: {stored.reason}"
        with acting(actor=actor, verb="bot.promote", reason=reason, change_request=str(stored.pk)):
            present = Bot.objects.filter(
                pk=bot.pk, stage=content["from_stage"], config_id=content["config_id"],
                account_id=bot.account_id, state=bot.state,
            )  # fmt: skip
            if not present.update(**changes):
                raise Conflict("BOT_CHANGED", bot=bot.slug)
            if is_moving and bot.config is not None:
                carry_config(actor=actor, bot_id=bot.pk, source=bot.config, reason=reason)
    ring_after_commit("fleet", f"bot:{bot.pk}")
    return bot_by_id(bot.pk)


def _check_free(bot: Bot) -> None:
    if bot.state not in {"draft", "stopped"}:
        raise PromotionRefused("BOT_IS_ACTIVE", bot=bot.slug, state=bot.state)
    if is_engaged(bot.pk):
        raise PromotionRefused("BOT_IS_ENGAGED", bot=bot.slug)
