"""Between the last vote and the new stage: what voids, fails or applies an approved promotion."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.core.clock import now
from apps.core.errors import RequiresChangeRequest
from apps.golive.actions.apply_approved import apply_approved
from apps.golive.actions.cast_vote import APPLIER
from apps.golive.actions.promote import promote
from apps.golive.tasks import apply_approved_requests
from apps.risk.models import Limit
from tests.factories import make_config
from tests.golive.asking import approved, ask
from tests.golive.evidence import ready_bot, unknown_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", ["limit", "key", "config"])
def test_what_changes_between_vote_and_application_voids(sam, rita, change) -> None:
    bot, request = approved(sam, rita)
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
    bot, request = approved(sam, rita)
    unknown_order(bot)
    assert apply_approved(request_id=request.pk, actor=APPLIER).state == "failed"
    request.refresh_from_db()
    bot.refresh_from_db()
    assert request.closed_reason == "gates did not pass: unknown_orders: fail"
    assert (bot.stage, bot.stage_request_id) == ("paper", None)


def test_an_approval_past_its_time_is_not_applied(sam, rita, monkeypatch) -> None:
    bot, request = approved(sam, rita)
    late = now() + timedelta(hours=25)
    monkeypatch.setattr("apps.golive.actions.apply_approved.now", lambda: late)
    assert apply_approved(request_id=request.pk, actor=APPLIER).state == "expired"
    bot.refresh_from_db()
    assert bot.stage == "paper"


def test_the_sweep_applies_what_the_last_vote_could_not_and_only_once(sam, rita) -> None:
    bot, _ = approved(sam, rita)
    for _ in range(2):
        apply_approved_requests()
    bot.refresh_from_db()
    assert bot.stage == "testnet"
    assert AuditEvent.objects.filter(verb="bot.promote").count() == 1


def test_a_voter_who_loses_the_role_before_it_is_applied_takes_the_vote_along(sam, rita) -> None:
    bot, request = approved(sam, rita)
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
