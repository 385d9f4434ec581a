"""Accounts and their keys: sealed, bound to their row, never shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command

from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.sealing import SealBroken
from apps.venues.actions.archive_account import archive_account
from apps.venues.actions.create_account import create_account
from apps.venues.actions.edit_account import edit_account
from apps.venues.actions.rewrap_keys import rewrap_keys
from apps.venues.actions.test_account import test_account as ask_venue
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.errors import KeyDoesNotSign
from apps.venues.gateways.exchanges import build_exchange
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials
from tests.fixtures.simulator import Simulator

pytestmark = pytest.mark.django_db
ADA = Actor("person", "1", "ada", "admin")
OTHER_RING = "k2:" + "A" * 43 + "="


def account(slug: str = "paper") -> UUID:
    return create_account(
        actor=ADA, slug=slug, name="Paper", venue="binance", environment="simulated"
    ).id


def test_keys_are_sealed_bound_to_their_row_and_open_only_as_credentials() -> None:
    first, second = account("first"), account("second")
    write_keys(actor=ADA, account_id=first, api_key="K" * 64, api_secret="S" * 64)

    row = VenueAccount.objects.get(id=first)
    assert "K" * 8 not in row.api_key_sealed
    assert len(row.key_fingerprint) == 16
    opened = credentials(account_id=first)
    assert (opened.api_key, opened.api_secret) == ("K" * 64, "S" * 64)
    assert "K" * 8 not in repr(opened)

    VenueAccount.objects.filter(id=second).update(api_key_sealed=row.api_key_sealed)
    with pytest.raises(SealBroken):
        credentials(account_id=second)


def test_writing_keys_leaves_an_audit_row_without_the_keys() -> None:
    target = account()
    write_keys(actor=ADA, account_id=target, api_key="K" * 64, api_secret="S" * 64)

    event = AuditEvent.objects.filter(verb="venue_account.write_keys").get()
    sealed = VenueAccount.objects.get(id=target).api_key_sealed
    assert event.actor_name == "ada"
    assert sealed not in str(event.before) + str(event.after)


@pytest.mark.parametrize(
    ("keys", "code"),
    [(("", "s"), "KEY_EMPTY"), (("k", "  "), "KEY_EMPTY"), ((" k", "s"), "KEY_HAS_SPACES")],
)
def test_keys_that_cannot_be_keys_are_refused(keys: tuple[str, str], code: str) -> None:
    target = account()
    with pytest.raises(InvalidInput, match=code):
        write_keys(actor=ADA, account_id=target, api_key=keys[0], api_secret=keys[1])
    assert VenueAccount.objects.get(id=target).api_key_sealed == ""


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"slug": "Not a slug"}, "SLUG_INVALID"),
        ({"venue": "nowhere"}, "VENUE_NOT_TRADABLE"),
        ({"environment": "moon"}, "ENVIRONMENT_UNKNOWN"),
    ],
)
def test_an_account_with_nonsense_is_refused(changed: dict[str, str], code: str) -> None:
    base = {"slug": "a", "name": "A", "venue": "binance", "environment": "testnet"}
    with pytest.raises(InvalidInput, match=code):
        create_account(actor=ADA, **(base | changed))
    assert not VenueAccount.objects.exists()


def test_an_archived_account_has_no_keys_and_takes_none() -> None:
    target = account()
    write_keys(actor=ADA, account_id=target, api_key="K" * 64, api_secret="S" * 64)
    archive_account(actor=ADA, account_id=target, reason="closed")

    assert VenueAccount.objects.get(id=target).api_secret_sealed == ""
    with pytest.raises(Conflict, match="ACCOUNT_NOT_OPEN"):
        write_keys(actor=ADA, account_id=target, api_key="K" * 64, api_secret="S" * 64)
    with pytest.raises(Conflict, match="ALREADY_ARCHIVED"):
        archive_account(actor=ADA, account_id=uuid4(), reason="who")


def test_rewrapping_moves_keys_to_the_first_key_of_the_ring(settings: Any) -> None:
    target = account()
    write_keys(actor=ADA, account_id=target, api_key="K" * 64, api_secret="S" * 64)
    old = settings.DESK_KEYRING
    settings.DESK_KEYRING = f"{OTHER_RING},{old}"

    assert rewrap_keys(actor=ADA) == 1
    assert rewrap_keys(actor=ADA) == 0
    settings.DESK_KEYRING = OTHER_RING
    assert credentials(account_id=target).api_secret == "S" * 64


def test_an_account_whose_key_signs_says_what_it_holds(on_simulator: Simulator) -> None:
    target = account()
    made = on_simulator.account("signs")
    write_keys(actor=ADA, account_id=target, api_key=made["api_key"], api_secret=made["secret"])

    found = ask_venue(account_id=target)
    assert found.assets == ("BTC", "ETH", "USDT")


def test_a_key_that_does_not_sign_gives_a_clear_code(
    on_simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    target = account()
    with pytest.raises(InvalidInput, match="KEYS_MISSING"):
        ask_venue(account_id=target)
    made = on_simulator.account("does not sign")
    write_keys(actor=ADA, account_id=target, api_key=made["api_key"], api_secret="x" * 64)

    with pytest.raises(KeyDoesNotSign) as caught:
        ask_venue(account_id=target)
    assert str(caught.value).startswith("KEY_DOES_NOT_SIGN venue_code=-1022")

    with pytest.raises(SystemExit) as ended:
        call_command("venues", "test", "paper")
    assert ended.value.code == 2
    assert "KEY_DOES_NOT_SIGN" in capsys.readouterr().err


def test_a_passphrase_is_sealed_moved_and_dropped_like_the_other_keys(settings: Any) -> None:
    target = account()
    keys = {"api_key": "K" * 64, "api_secret": "S" * 64, "api_password": "open sesame"}
    write_keys(actor=ADA, account_id=target, **keys)
    row = VenueAccount.objects.get(id=target)
    assert "sesame" not in row.api_password_sealed
    assert credentials(account_id=target).api_password == "open sesame"

    settings.DESK_KEYRING = f"{OTHER_RING},{settings.DESK_KEYRING}"
    assert rewrap_keys(actor=ADA) == 1
    settings.DESK_KEYRING = OTHER_RING
    assert credentials(account_id=target).api_password == "open sesame"
    archive_account(actor=ADA, account_id=target, reason="closed")
    assert VenueAccount.objects.get(id=target).api_password_sealed == ""
    event = AuditEvent.objects.filter(verb="venue_account.write_keys").get()
    assert row.api_password_sealed not in str(event.before) + str(event.after)


def test_settings_reach_the_gateway_and_leave_an_audit_row() -> None:
    target = create_account(
        actor=ADA, slug="perps", name="P", venue="binanceusdm", environment="testnet",
        sandbox="demo",
    ).id  # fmt: skip
    edit_account(actor=ADA, account_id=target, reason="two sides", position_mode="hedge")

    access = credentials(account_id=target)
    assert (access.position_mode, access.margin_mode, access.sandbox) == ("hedge", "cross", "demo")
    assert AuditEvent.objects.get(verb="venue_account.edit").reason == "two sides"
    exchange = build_exchange(access)
    assert exchange.urls["api"]["fapiPrivate"].startswith("https://demo-")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"position_mode": "hedge"}, "NOT_AT_THIS_VENUE"),
        ({"margin_mode": "isolated"}, "NOT_AT_THIS_VENUE"),
        ({"position_mode": "both"}, "POSITION_MODE_UNKNOWN"),
        ({"sandbox": "beach"}, "SANDBOX_UNKNOWN"),
    ],
    ids=["hedge on spot", "isolated on spot", "no mode", "no sandbox"],
)
def test_settings_the_venue_lacks_are_refused(terms: dict[str, str], code: str) -> None:
    target = account()
    with pytest.raises(InvalidInput, match=code):
        edit_account(actor=ADA, account_id=target, reason="try", **terms)  # type: ignore[arg-type]
    row = VenueAccount.objects.get(id=target)
    assert (row.position_mode, row.margin_mode) == ("one_way", "cross")
