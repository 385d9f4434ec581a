"""The end of a halt, what keeps one from the next, and both by command."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.core.errors import InvalidInput
from apps.portfolio.actions.absorb import absorb
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction
from apps.supervision.actions.release_halt import HaltNotVerified, release_halt
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.domain.patience import LONGEST, wait_after
from apps.supervision.models import HaltRun
from apps.venues.actions.write_keys import write_keys
from tests.factories import make_account
from tests.supervision.halting import ACTOR, REST, again, press, status

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_halt_is_released_only_when_it_is_verified_and_with_a_reason(bot, trade, venue):
    order = trade(bot, **REST)
    venue.cancel_fault = "no"
    found = press()
    run_halts()
    with pytest.raises(HaltNotVerified) as refused:
        release_halt(actor=ACTOR, restriction_id=found.id, reason="calm")
    assert refused.value.context["remaining"] == 1
    venue.cancel_fault = ""
    again()
    with pytest.raises(InvalidInput):
        release_halt(actor=ACTOR, restriction_id=found.id, reason=" ")
    assert release_halt(actor=ACTOR, restriction_id=found.id, reason="calm").lifted_by == "Rita"
    assert status(order) == "canceled"
    assert status(trade(bot, **REST, leg="after")) == "open"


def test_a_halt_nobody_has_carried_out_yet_cannot_be_released(bot, venue):
    found = press()
    with pytest.raises(HaltNotVerified):
        release_halt(actor=ACTOR, restriction_id=found.id, reason="at once")


def test_a_lifted_halt_is_not_carried_out_any_more(bot, trade, venue):
    found = press()
    lift(actor=ACTOR, restriction_id=found.id, reason="test", halt_is_over=True)
    order = trade(bot, **REST)
    assert run_halts().tried == 0
    assert status(order) == "open"


def test_one_account_s_trouble_does_not_stop_the_next(bot, trade, venue, monkeypatch):
    write_keys(actor=ACTOR, account_id=make_account().id, api_key="key", api_secret="secret")
    trade(bot, **REST)
    venue.cancel_fault = "no"
    press()
    summary = run_halts()
    assert (summary.tried, summary.finished) == (2, 1)


def test_waits_start_short_double_and_end_at_thirty_seconds():
    waits = [wait_after(n).total_seconds() for n in (1, 8, 9, 10, 15, 1000)]
    assert waits == [0.25, 0.25, 0.5, 1.0, 30.0, 30.0]
    assert wait_after(10**6) == LONGEST


def test_the_commands_halt_follow_and_release(bot, trade, venue, capsys):
    order = trade(bot, **REST)
    call_command(
        "halt", "--scope", "bot", "--id", bot.slug, "--reason", "drill", "--sweep", "--json",
        "--wait", "5",
    )  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert answer["runs"][0]["account"] == bot.account.slug
    assert answer["runs"][0]["verified_at"]
    assert status(order) == "canceled"
    call_command("release", "--json")
    assert json.loads(capsys.readouterr().out)["halts"][0]["halt"] == answer["halt"]
    with pytest.raises(CommandError, match="REASON_REQUIRED"):
        call_command("release", answer["halt"])
    call_command("release", answer["halt"], "--reason", "over")
    assert not Restriction.objects.filter(lifted_at=None).exists()


def test_the_halt_command_says_when_it_is_not_over_and_when_there_is_nothing_to_halt(
    bot, trade, venue, capsys
):
    trade(bot, **REST)
    with pytest.raises(SystemExit) as ended:
        call_command("halt", "--reason", "drill", "--wait", "0.1")
    assert ended.value.code == 3
    with pytest.raises(CommandError, match="SCOPE_NOT_FOUND"):
        call_command("halt", "--scope", "bot", "--id", str(uuid4()), "--reason", "x")
    venue.cancel_fault = ""
    absorb(account_id=bot.account_id)


def test_an_account_without_key_and_orders_holds_up_no_halt(bot, venue):
    make_account()
    press()
    run_halts()
    assert [run.account_id for run in HaltRun.objects.all()] == [bot.account_id]
