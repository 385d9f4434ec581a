"""Ask for a bot to climb one stage."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.queries import desk
from apps.approvals.actions.open_request import Proposal, open_request
from apps.approvals.models import ChangeRequest
from apps.bots.domain.stages import REAL_MONEY
from apps.bots.models import Bot
from apps.bots.queries import bot_by_id
from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.golive.actions.build_content import config_editors, promotion_content
from apps.golive.actions.check_gates import check_gates
from apps.golive.domain.stages import check_climb
from apps.venues.models import VenueAccount


def request_promotion(
    *,
    actor: Actor,
    user: User,
    bot_id: UUID,
    reason: str,
    account_id: UUID | None = None,
    replaces: UUID | None = None,
) -> ChangeRequest:
    """Open the request to climb to the next stage, on `account_id` where the account changes.

    The gates are measured and kept at once, whatever they say: they must pass when people vote
    and when it is applied. Whoever wrote a config version of the bot counts as an editor.

    :raises NotFound: `UNKNOWN_BOT`, `UNKNOWN_ACCOUNT`, `BOT_WITHOUT_CONFIG`.
    :raises InvalidInput: `STAGE_NEEDS_OTHER_ACCOUNT`, `REASON_MISSING`.
    :raises PromotionRefused: `STAGE_AT_TOP`.
    :raises RequestOpen: another promotion of the bot is open.
    """
    bot = bot_by_id(bot_id)
    account = _account(account_id) if account_id else bot.account
    to_stage = check_climb(
        stage=bot.stage,
        environment=bot.account.environment,
        to_environment=account.environment,
        rehearsal=desk().rehearsal,
    )
    built = promotion_content(bot=bot, to_stage=to_stage, account=account)
    proposal = Proposal(
        kind="bot.promote",
        subject=("bot", str(bot.pk), bot.slug),
        title=_title(bot, to_stage),
        content=built.content,
        before=built.before,
        reason=reason,
        real_money=to_stage in REAL_MONEY,
        editors=config_editors(bot),
    )
    with transaction.atomic():
        request = open_request(actor=actor, user=user, proposal=proposal, replaces=replaces)
        check_gates(request=request, moment="request")
    return request


def _title(bot: Bot, to_stage: str) -> str:
    return f"Promote {bot.slug} from {bot.stage} to {to_stage}".replace("_", " ")


def _account(account_id: UUID) -> VenueAccount:
    account = VenueAccount.objects.filter(pk=account_id, archived_at=None).first()
    if account is None:
        raise NotFound("UNKNOWN_ACCOUNT", field="account", value=str(account_id))
    return account
