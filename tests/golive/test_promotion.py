"""A promotion from request to stage, and everyone who cannot have it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from apps.approvals.actions.open_request import RequestOpen
from apps.approvals.actions.vote import Ballot, vote
from apps.approvals.domain.refusals import ContentChanged, RequestClosed, VoteRefused
from apps.approvals.models import ChangeRequest, Vote
from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfig
from apps.core.clock import now
from apps.core.errors import InvalidInput, RequiresChangeRequest
from apps.golive.actions.apply_approved import apply_approved
from apps.golive.actions.cast_vote import APPLIER, GatesNotPassed, cast_vote
from apps.golive.actions.promote import promote
from apps.golive.actions.request_limit_raise import LimitRaise, request_limit_raise
from apps.golive.actions.request_promotion import request_promotion
from apps.golive.models import GateCheck
from apps.golive.queries import latest_checks
from apps.golive.tasks import apply_approved_requests
from apps.portfolio.models import RoundTrip
from apps.risk.actions.set_limit import set_limit
from apps.risk.models import Limit
from tests.approvals.people import actor, person
from tests.factories import make_account, make_config, make_instrument
from tests.golive.evidence import give_evidence, hold, ready_bot, unknown_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return person("sam", "strategist")


@pytest.fixture
def rita():
    return person("rita", "risk_manager")


@pytest.fixture
def ron():
    return person("ron", "risk_manager")


def ask(user, bot, **values) -> ChangeRequest:
    return request_promotion(
        actor=actor(user), user=user, bot_id=bot.pk, reason="twenty good trades", **values
    )


def say(user, request, decision="approve", **values) -> ChangeRequest:
    fields = {"comment": "looked at it", "content_hash": request.content_hash} | values
    ballot = Ballot(request_id=request.pk, decision=decision, **fields)
    return cast_vote(actor=actor(user), user=user, ballot=ballot)


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


@pytest.mark.parametrize("change", ["limit", "key", "config"])
def test_what_changes_between_vote_and_application_voids(sam, rita, change) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    if change == "limit":
        Limit.objects.filter(name="daily_loss").update(value=5)
    elif change == "key":
        type(bot.account).objects.filter(pk=bot.account_id).update(key_fingerprint="other")
    else:
        make_config(bot, strategy_version=bot.config.strategy_version)
    apply_approved_requests()
    request.refresh_from_db()
    bot.refresh_from_db()
    assert (request.state, bot.stage) == ("voided", "paper")


def test_gates_that_fail_at_the_last_moment_fail_the_request(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    unknown_order(bot)
    assert apply_approved(request_id=request.pk, actor=APPLIER).state == "failed"
    request.refresh_from_db()
    bot.refresh_from_db()
    assert request.closed_reason == "gates did not pass: unknown_orders: fail"
    assert (bot.stage, bot.stage_request_id) == ("paper", None)


def test_an_approval_past_its_time_is_not_applied(sam, rita, monkeypatch) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    late = now() + timedelta(hours=25)
    monkeypatch.setattr("apps.golive.actions.apply_approved.now", lambda: late)
    assert apply_approved(request_id=request.pk, actor=APPLIER).state == "expired"
    bot.refresh_from_db()
    assert bot.stage == "paper"


def test_the_sweep_applies_what_the_last_vote_could_not_and_only_once(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    for _ in range(2):
        apply_approved_requests()
    bot.refresh_from_db()
    assert bot.stage == "testnet"
    assert AuditEvent.objects.filter(verb="bot.promote").count() == 1


def test_a_voter_who_loses_the_role_before_it_is_applied_takes_the_vote_along(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    rita.groups.clear()
    assert apply_approved(request_id=request.pk, actor=APPLIER).state == "voided"
    bot.refresh_from_db()
    assert bot.stage == "paper"


def test_the_action_refuses_without_a_request_that_is_being_applied(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    request.state = "applying"  # made up in memory
    with pytest.raises(RequiresChangeRequest):
        promote(actor=APPLIER, proof=request)
    assert Bot.objects.get(pk=bot.pk).stage == "paper"


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


# -- limits --------------------------------------------------------------------------------------


def raise_to(user, to=2000, **values) -> ChangeRequest:
    wanted = LimitRaise(
        **(
            {"scope_kind": "desk", "scope_id": "", "name": "order_cost", "value": Decimal(to)}
            | values
        )
    )
    return request_limit_raise(actor=actor(user), user=user, wanted=wanted, reason="more room")


def test_a_raised_limit_is_applied_by_its_last_vote(sam, rita) -> None:
    ready_bot()
    request = say(rita, raise_to(sam, 2000))
    assert request.state == "applied"
    limit = Limit.objects.get(name="order_cost")
    assert limit.value == 2000
    event = AuditEvent.objects.filter(object_type="risk_limit", verb="limit.set").first()
    assert event.change_request_id == str(request.pk)


def test_lowering_needs_no_request_and_an_unknown_limit_is_refused(sam) -> None:
    ready_bot()
    for values, code in (
        ({"value": Decimal(10)}, "LIMIT_NOT_RAISED"),
        ({"name": "luck"}, "LIMIT_UNKNOWN"),
        ({"scope_kind": "bot", "scope_id": "x"}, "SCOPE_NOT_FOUND"),
    ):
        with pytest.raises(Exception, match=code):
            raise_to(sam, **values)
    assert not ChangeRequest.objects.exists()


def test_a_limit_that_moved_voids_the_request(sam, rita) -> None:
    ready_bot()
    request = raise_to(sam, 2000)
    Limit.objects.filter(name="order_cost").update(value=500)
    with pytest.raises(ContentChanged):
        say(rita, request)
    assert Limit.objects.get(name="order_cost").value == 500


# -- SQL with the application's rights -------------------------------------------------------------


def refused(code: str, statement: str, values: list | None = None) -> None:
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match=code),
        transaction.atomic(),
    ):
        cursor.execute(statement, values or [])


def test_sql_cannot_raise_a_stage(sam, rita) -> None:
    bot = ready_bot()
    request = ask(sam, bot)
    for stage in ("testnet", "small_capital", "mainnet"):
        refused("STAGE_", "UPDATE bots_bot SET stage = %s WHERE id = %s", [stage, bot.pk])
    refused(
        "STAGE_NEEDS_APPROVAL",
        "UPDATE bots_bot SET stage = 'testnet', stage_request_id = %s WHERE id = %s",
        [request.pk, bot.pk],
    )
    refused("STAGE_REQUEST_FIXED", "UPDATE bots_bot SET stage_request_id = %s", [request.pk])
    assert Bot.objects.get(pk=bot.pk).stage == "paper"


def test_neither_a_form_nor_the_orm_can_raise_a_stage(sam) -> None:
    bot = ready_bot()
    bot.stage = "testnet"
    with pytest.raises(DatabaseError, match="STAGE_NEEDS_APPROVAL"), transaction.atomic():
        bot.save()
    with pytest.raises(DatabaseError, match="STAGE_STARTS_ON_PAPER"), transaction.atomic():
        ready_bot(stage="testnet", stage_evidence=False)


def test_an_applied_request_does_not_prove_twice(sam, rita) -> None:
    bot = ready_bot()
    request = say(rita, ask(sam, bot))
    Bot.objects.filter(pk=bot.pk).update(stage="paper", stage_request=None)
    refused(
        "STAGE_NEEDS_APPROVAL",
        "UPDATE bots_bot SET stage = 'testnet', stage_request_id = %s WHERE id = %s",
        [request.pk, bot.pk],
    )


def test_one_bots_proof_does_not_raise_another(sam, rita) -> None:
    bot, other = ready_bot(), ready_bot()
    request = ask(sam, bot)
    vote(
        actor=actor(rita),
        user=rita,
        ballot=Ballot(request.pk, "approve", "yes", request.content_hash),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_changerequest SET state = 'applying' WHERE id = %s", [request.pk]
        )
    raise_ = "UPDATE bots_bot SET stage = %s, stage_request_id = %s WHERE id = %s"
    refused("STAGE_NEEDS_APPROVAL", raise_, ["testnet", request.pk, other.pk])
    refused("STAGE_", raise_, ["mainnet", request.pk, bot.pk])
    make_config(bot, strategy_version=bot.config.strategy_version)
    refused("STAGE_NEEDS_APPROVAL", raise_, ["testnet", request.pk, bot.pk])


def test_a_stage_falls_at_any_time_but_never_onto_a_wrong_account(sam, rita) -> None:
    bot = ready_bot()
    say(rita, ask(sam, bot))
    refused(
        "STAGE_ENVIRONMENT|ACCOUNT_FIXED",
        "UPDATE bots_bot SET account_id = %s WHERE id = %s",
        [make_account(environment="live").pk, bot.pk],
    )
    Bot.objects.filter(pk=bot.pk).update(stage="paper")
    assert Bot.objects.get(pk=bot.pk).stage == "paper"


def test_evidence_is_never_changed(sam) -> None:
    ask(sam, ready_bot())
    refused("permission denied|APPEND_ONLY", "UPDATE golive_gatecheck SET result = 'pass'")
    refused("permission denied|APPEND_ONLY", "DELETE FROM golive_gatecheck")
    assert RoundTrip.objects.count() == 20
