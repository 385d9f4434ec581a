"""How a promotion is asked for and voted on."""

from __future__ import annotations

from apps.approvals.actions.vote import Ballot, vote
from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.golive.actions.cast_vote import cast_vote
from apps.golive.actions.request_promotion import request_promotion
from tests.approvals.people import actor
from tests.golive.evidence import ready_bot


def ask(user, bot, **values) -> ChangeRequest:
    return request_promotion(
        actor=actor(user), user=user, bot_id=bot.pk, reason="twenty good trades", **values
    )


def say(user, request, decision="approve", **values) -> ChangeRequest:
    fields = {"comment": "looked at it", "content_hash": request.content_hash} | values
    ballot = Ballot(request_id=request.pk, decision=decision, **fields)
    return cast_vote(actor=actor(user), user=user, ballot=ballot)


def approved(asking, voting) -> tuple[Bot, ChangeRequest]:
    """Return a bot and its promotion after the last vote, before anything is applied."""
    bot = ready_bot()
    request = ask(asking, bot)
    ballot = Ballot(request.pk, "approve", "yes", request.content_hash)
    vote(actor=actor(voting), user=voting, ballot=ballot)
    return bot, request
