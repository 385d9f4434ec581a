"""The command that runs the acceptance cards: where it refuses, what it keeps, how it exits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.golive.actions.run_cards import run_cards
from apps.golive.domain.card_numbers import numbers_of
from apps.venues.actions.create_account import create_account
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.models import CardRun, VenueAccount
from tests.factories.bots import make_bot
from tests.fixtures.simulator import Simulator, simulator, simulators

__all__ = ["simulator", "simulators"]
pytestmark = pytest.mark.django_db
ADA = Actor("person", "1", "ada", "admin")


@pytest.fixture
def account(simulator: Simulator, settings: Any) -> VenueAccount:
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    opened = simulator.account("cards-command")
    made = create_account(
        actor=ADA, slug="cards-command", name="Cards", venue="binance", environment="simulated"
    )
    write_keys(
        actor=ADA, account_id=made.id, api_key=opened["api_key"], api_secret=opened["secret"]
    )
    return made


def test_a_run_is_printed_kept_and_audited(
    account: VenueAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("venue_cards", "--account", account.slug, "--cards", "1-4,13,23", "--json")

    printed = json.loads(capsys.readouterr().out)
    kept = CardRun.objects.get(account=account)
    assert printed["id"] == str(kept.id)
    assert (kept.passed, kept.failed, kept.skipped) == (5, 0, 1)
    assert [row["card"] for row in kept.results] == [1, 2, 3, 4, 13, 23]
    assert kept.results[4] == {
        "card": 13, "name": "mark and funding", "result": "skipped", "detail": "not for spot",
    }  # fmt: skip
    event = AuditEvent.objects.get(verb="venue_account.cards")
    assert event.after == {"passed": 5, "failed": 0, "skipped": 1}


def test_a_failed_card_exits_with_three(
    account: VenueAccount, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator.control(
        "POST", "faults", {"kind": "bad_numbers", "count": 0, "account": "cards-command"}
    )
    try:
        with pytest.raises(SystemExit) as ended:
            call_command("venue_cards", "--account", account.slug, "--cards", "6")
    finally:
        simulator.control("DELETE", "faults", None)
    assert ended.value.code == 3
    assert "0 passed, 1 failed" in capsys.readouterr().out
    assert CardRun.objects.get(account=account).failed == 1


def test_it_refuses_real_money_bots_and_cards_that_do_not_exist(account: VenueAccount) -> None:
    with pytest.raises(InvalidInput, match="NO_SUCH_CARD"):
        run_cards(actor=ADA, account_id=account.id, numbers=[999])
    make_bot(account=account, state="running")
    with pytest.raises(Conflict, match="BOTS_ON_ACCOUNT"):
        run_cards(actor=ADA, account_id=account.id, numbers=[1])
    live = create_account(actor=ADA, slug="live", name="Live", venue="binance", environment="live")
    with pytest.raises(Conflict, match="CARDS_NOT_ON_LIVE"):
        run_cards(actor=ADA, account_id=live.id)
    assert not CardRun.objects.exists()


def test_numbers_are_read_from_ranges() -> None:
    assert numbers_of("3,1-2, 3") == [1, 2, 3]
    assert numbers_of("") == []
    with pytest.raises(InvalidInput, match="CARDS_UNREADABLE"):
        numbers_of("1-x")
