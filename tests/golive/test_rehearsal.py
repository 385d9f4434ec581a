"""A rehearsal desk walks the whole ladder on simulated accounts; nothing of it counts elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.accounts.queries import desk
from apps.approvals.actions.vote import Ballot
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.core.clock import now
from apps.golive.actions.cast_vote import cast_vote
from apps.golive.actions.make_rehearsal import RehearsalRefused, make_rehearsal
from apps.golive.actions.request_promotion import request_promotion
from apps.golive.domain.stages import PromotionRefused
from apps.marketdata.models import MarketClock
from tests.approvals.people import SYSTEM, actor, person
from tests.factories import make_account
from tests.golive.evidence import give_evidence, ready_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_bot_walks_the_whole_ladder_on_market_time() -> None:
    call_command("rehearsal", "on")
    assert desk().rehearsal
    sam, rita, ron = (
        person("sam", "strategist"),
        person("rita", "risk_manager"),
        person("ron", "risk_manager"),
    )
    bot = ready_bot(days=0, stage_evidence=False)
    clock = MarketClock.objects.create(now=now())
    for days, stage, people in ((14, "testnet", 1), (7, "small_capital", 2), (2, "mainnet", 2)):
        clock.now += timedelta(days=days)
        clock.save()
        bot.refresh_from_db()
        give_evidence(bot)
        _recent_cycle(bot, clock.now)
        request = request_promotion(actor=actor(sam), user=sam, bot_id=bot.pk, reason="on we go")
        for voter in (rita, ron)[:people]:
            assert request.state == "in_review"
            ballot = Ballot(request.pk, "approve", "seen", request.content_hash)
            request = cast_vote(actor=actor(voter), user=voter, ballot=ballot)
        assert request.state == "applied", request.closed_reason
        bot.refresh_from_db()
        assert (bot.stage, bot.account.environment) == (stage, "simulated")
    with pytest.raises(PromotionRefused, match="STAGE_AT_TOP"):
        request_promotion(actor=actor(sam), user=sam, bot_id=bot.pk, reason="further")


def _recent_cycle(bot: Bot, at: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bots_cycle (bot_id, scheduled_for, config_id, status, opened_at, closed_at)"
            " VALUES (%s, %s, %s, 'done', now(), now())",
            [bot.pk, at, bot.config_id],
        )


def test_a_rehearsal_desk_takes_no_live_account() -> None:
    make_rehearsal(actor=SYSTEM)
    with pytest.raises(DatabaseError, match="REHEARSAL_NO_LIVE_ACCOUNT"):
        make_account(environment="live")


def test_beside_a_live_account_no_desk_rehearses() -> None:
    make_account(environment="live")
    with pytest.raises(RehearsalRefused) as refused:
        make_rehearsal(actor=SYSTEM)
    assert refused.value.code == "REHEARSAL_BESIDE_REAL_ACCOUNTS"
    assert not desk().rehearsal


def test_a_desk_with_bots_does_not_stop_rehearsing() -> None:
    assert make_rehearsal(actor=SYSTEM) is True
    assert make_rehearsal(actor=SYSTEM) is False
    ready_bot(stage_evidence=False)
    with pytest.raises(CommandError, match="REHEARSAL_EVIDENCE_STAYS"):
        call_command("rehearsal", "off")
    assert AuditEvent.objects.filter(verb="desk.rehearsal").count() == 1


def test_sync_follows_the_setting_and_never_switches_off(settings) -> None:
    settings.REHEARSAL = False
    call_command("rehearsal", "sync")
    assert not desk().rehearsal
    settings.REHEARSAL = True
    call_command("rehearsal", "sync")
    settings.REHEARSAL = False
    call_command("rehearsal", "sync")
    assert desk().rehearsal


def test_the_application_cannot_write_the_flag() -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_desk SET rehearsal = true")
    assert not desk().rehearsal
