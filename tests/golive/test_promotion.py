"""A promotion from request to stage, and everyone who cannot have it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from apps.approvals.actions.open_request import RequestOpen
from apps.approvals.domain.refusals import ContentChanged, RequestClosed, VoteRefused
from apps.approvals.models import ChangeRequest, Vote
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfig
from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.golive.actions.cast_vote import GatesNotPassed
from apps.golive.models import GateCheck
from apps.golive.queries import latest_checks
from apps.risk.actions.set_limit import set_limit
from tests.approvals.people import actor
from tests.factories import make_account, make_config, make_instrument
from tests.golive.asking import ask, say
from tests.golive.evidence import give_evidence, hold, ready_bot

pytestmark = pytest.mark.django_db


def test_one_vote_takes_a_bot_from_paper_to_testnet(sam, rita) -> None:
    bot = ready_bot()
    request = say(rita, ask(sam, bot))
    assert request.state == "applied"
    bot.refresh_from_db()
    assert (bot.stage, bot.stage_request_id) == ("testnet", request.pk)
    event = AuditEvent.objects.get(verb="bot.promote", object_type="bots_bot")
    assert (event.before["stage"], event.after["stage"]) == ("paper", "testnet")
    assert event.change_request_id == str(request.pk)
    assert event.reason == f"{request.reference}: twenty good trades"
    moments = GateCheck.objects.filter(request=request).values_list("moment", flat=True)
    assert {m: list(moments).count(m) for m in set(moments)} == {
        "request": 9,
        "vote": 9,
        "apply": 9,
    }
    assert {check.result for check in latest_checks(request)} == {"pass"}


def test_the_content_says_all_that_decides_what_the_bot_will_do(sam) -> None:
    bot = ready_bot()
    content = ask(sam, bot).content
    assert content["from_stage"] == "paper"
    assert content["to_stage"] == "testnet"
    assert content["source_hash"] == bot.config.strategy_version.source_hash
    assert content["instruments"] == ["BTC/USDT"]
    assert content["protection"] == {"stop_loss": "0.05"}
    assert {limit["name"] for limit in content["limits"]} >= {"daily_loss", "order_cost"}
    assert {
        "account_id",
        "key_fingerprint",
        "environment",
        "venue",
        "parameters",
        "sizing",
    } <= content.keys()


def test_who_wrote_the_config_cannot_vote(sam, rita) -> None:
    request = ask(sam, ready_bot(author=rita))
    with pytest.raises(VoteRefused, match="VOTE_BY_EDITOR"):
        say(rita, request)
    assert not Vote.objects.exists()


def test_who_set_a_limit_of_the_bot_cannot_vote(sam, rita) -> None:
    bot = ready_bot()
    set_limit(
        actor=actor(rita), scope_kind="bot", scope_id=str(bot.pk), name="order_cost",
        value=Decimal(50), reason="tighter",
    )  # fmt: skip
    with pytest.raises(VoteRefused, match="VOTE_BY_EDITOR"):
        say(rita, ask(sam, bot))


def test_a_climb_needs_an_account_of_the_right_environment(sam, rita) -> None:
    bot = ready_bot()
    live = make_account(environment="live")
    with pytest.raises(InvalidInput, match="STAGE_NEEDS_OTHER_ACCOUNT"):
        ask(sam, bot, account_id=live.pk)
    say(rita, ask(sam, bot))
    with pytest.raises(InvalidInput, match="STAGE_NEEDS_OTHER_ACCOUNT"):
        ask(sam, bot)
    assert ChangeRequest.objects.count() == 1


def test_gates_that_do_not_pass_refuse_the_vote_and_stay_as_evidence(sam, rita) -> None:
    bot = ready_bot(days=3)
    request = ask(sam, bot)
    with pytest.raises(GatesNotPassed) as refused:
        say(rita, request)
    assert refused.value.context["gates"] == ["time_in_stage: fail"]
    assert not Vote.objects.exists()
    assert GateCheck.objects.filter(request=request, moment="vote").count() == 9
    assert say(rita, request, "reject").state == "rejected"
    bot.refresh_from_db()
    assert bot.stage == "paper"


def test_a_bot_without_evidence_is_inconclusive_and_stays_where_it_is(sam, rita) -> None:
    bot = ready_bot(stage_evidence=False)
    with pytest.raises(GatesNotPassed) as refused:
        say(rita, ask(sam, bot))
    assert "round_trips: inconclusive" in refused.value.context["gates"]


def test_a_changed_config_voids_the_request_at_the_vote(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    make_config(
        bot,
        [make_instrument(symbol="BTC/USDT")],
        strategy_version=bot.config.strategy_version,
        protection={"stop_loss": "0.5"},
    )
    with pytest.raises(ContentChanged):
        say(rita, request)
    request.refresh_from_db()
    assert request.state == "voided"
    with pytest.raises(RequestClosed):
        say(rita, request)


def test_real_money_takes_a_live_account_and_two_people(sam, rita, ron) -> None:
    bot = ready_bot()
    say(rita, ask(sam, bot))
    Bot.objects.filter(pk=bot.pk).update(stage_since=now() - timedelta(days=8))
    bot.refresh_from_db()
    give_evidence(bot)
    live = make_account(environment="live")
    make_instrument(symbol="BTC/USDT", environment="live")
    request = ask(sam, bot, account_id=live.pk)
    assert (request.real_money, request.approvals_needed) == (True, 2)
    assert say(rita, request).state == "in_review"
    assert say(ron, request).state == "applied"
    bot.refresh_from_db()
    assert (bot.stage, bot.account_id) == ("small_capital", live.pk)
    assert bot.config.number == 2
    assert bot.config.instruments.get().instrument.environment == "live"
    assert bot.config.parameters == BotConfig.objects.get(bot=bot, number=1).parameters
    # on real money the config is pinned, also for SQL
    with pytest.raises(DatabaseError, match="CONFIG_PINNED"), transaction.atomic():
        Bot.objects.filter(pk=bot.pk).update(config=BotConfig.objects.get(bot=bot, number=1))


def test_a_bot_that_holds_something_does_not_change_its_account(sam, rita) -> None:
    bot = ready_bot()
    testnet = make_account(environment="testnet")
    make_instrument(symbol="BTC/USDT", environment="testnet")
    request = ask(sam, bot, account_id=testnet.pk)
    hold(bot, amount="1", protected="1")
    assert say(rita, request).state == "failed"
    request.refresh_from_db()
    bot.refresh_from_db()
    assert "BOT_IS_ENGAGED" in request.closed_reason
    assert (bot.stage, bot.account.environment) == ("paper", "simulated")


def test_one_promotion_of_a_bot_at_a_time(sam) -> None:
    bot = ready_bot()
    ask(sam, bot)
    with pytest.raises(RequestOpen):
        ask(sam, bot)
