"""SQL with the application's rights: no stage rises without its request."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from apps.bots.models import Bot
from apps.portfolio.models import RoundTrip
from tests.factories import make_account, make_config
from tests.golive.asking import approved, ask, say
from tests.golive.evidence import ready_bot

pytestmark = pytest.mark.django_db


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
    bot, request = approved(sam, rita)
    other = ready_bot()
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
