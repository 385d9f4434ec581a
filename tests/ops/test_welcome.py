"""Where the one-time link is offered."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from apps.accounts.actions.use_welcome_link import WelcomeRefused
from apps.accounts.models import WelcomeLink
from apps.ops.actions.accept_welcome_link import accept_welcome_link
from tests.approvals.people import person
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _debug(settings) -> None:
    settings.DEBUG = True  # the test runner switches it off


def offered(*words: str) -> str:
    out = io.StringIO()
    call_command("welcome_link", *words, stdout=out)
    return out.getvalue()


def test_the_demo_person_gets_a_path_that_works_once() -> None:
    person("demo", "operator", is_demo=True)
    path = offered()
    assert path.startswith("/welcome/")
    assert path.endswith("\n")
    token = path.strip().removeprefix("/welcome/")
    assert accept_welcome_link(token=token, address="127.0.0.1").username == "demo"
    with pytest.raises(WelcomeRefused):
        accept_welcome_link(token=token, address="127.0.0.1")


def test_nothing_is_offered_without_the_demo_person_or_to_a_real_one() -> None:
    assert offered() == ""
    person("demo", "operator")
    assert offered() == ""
    assert not WelcomeLink.objects.exists()


def test_nothing_is_offered_nor_accepted_beside_a_live_account() -> None:
    person("demo", "operator", is_demo=True)
    token = offered().strip().removeprefix("/welcome/")
    make_account(environment="live")
    assert offered() == ""
    with pytest.raises(WelcomeRefused, match="WELCOME_BESIDE_LIVE_ACCOUNT"):
        accept_welcome_link(token=token, address="127.0.0.1")


def test_nothing_is_offered_in_production(settings) -> None:
    settings.DEBUG = False
    person("demo", "operator", is_demo=True)
    assert offered() == ""


def test_another_demo_person_gets_a_link_of_their_own() -> None:
    person("rita", "risk_manager", is_demo=True)
    assert offered("--user", "rita").startswith("/welcome/")
    assert offered("--user", "nobody") == ""
