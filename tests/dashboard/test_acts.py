"""Acts by their pages: words with counts, one POST, once, and nothing done when refused."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.risk.models import Limit, Restriction
from tests.dashboard.conftest import BACKEND, trading_bot

pytestmark = pytest.mark.django_db


def hidden(client: Client, address: str) -> dict[str, str]:
    """Open a dialog and return what its form carries along."""
    page = client.get(address, HTTP_HX_REQUEST="true").content.decode()
    return dict(
        re.findall(
            r'<input type="hidden" name="(submission|fingerprint|next)" value="([^"]*)"', page
        )
    )


def test_the_pause_dialog_names_the_counts_and_pausing_is_one_post(as_role) -> None:
    bot, client = trading_bot(), as_role("operator")
    page = client.get(f"/bots/{bot.slug}/pause/").content.decode()
    assert "0 open orders and 1 stop stay at the venue." in page
    assert "1 position worth 220.00 USDT on paper stays, protected by 1 stop." in page
    answer = client.post(
        f"/bots/{bot.slug}/pause/", hidden(client, f"/bots/{bot.slug}/pause/"), follow=True
    )
    assert answer.redirect_chain == [(f"/bots/{bot.slug}/", 302)]
    assert "is paused" in answer.content.decode()
    assert Bot.objects.get(pk=bot.pk).state == "paused"
    assert AuditEvent.objects.get(verb="bot.pause").actor_name == client.who.username


def test_a_form_sent_twice_counts_once(as_role) -> None:
    bot, client = trading_bot(), as_role("operator")
    sent = hidden(client, f"/bots/{bot.slug}/pause/")
    client.post(f"/bots/{bot.slug}/pause/", sent)
    Bot.objects.filter(pk=bot.pk).update(state="running")
    again = client.post(f"/bots/{bot.slug}/pause/", sent)
    assert again.status_code == 409
    assert "SUBMITTED_TWICE" in again.content.decode()
    assert Bot.objects.get(pk=bot.pk).state == "running"


def test_looking_at_a_dialog_does_nothing(as_role) -> None:
    bot, client = trading_bot(), as_role("operator")
    before = AuditEvent.objects.count()
    for verb in ("pause", "stop"):
        client.get(f"/bots/{bot.slug}/{verb}/")
    client.get("/halt/")
    assert Bot.objects.get(pk=bot.pk).state == "running"
    assert AuditEvent.objects.count() == before


def test_a_post_without_the_csrf_token_is_refused(person) -> None:
    bot, client = trading_bot(), Client(enforce_csrf_checks=True)
    client.force_login(person("operator"), backend=BACKEND)
    assert client.post(f"/bots/{bot.slug}/pause/").status_code == 403
    assert Bot.objects.get(pk=bot.pk).state == "running"


def test_an_illegal_step_is_told_and_changes_nothing(as_role) -> None:
    bot, client = trading_bot(state="stopped"), as_role("operator")
    answer = client.post(f"/bots/{bot.slug}/pause/", {})
    assert answer.status_code == 409
    assert "BOT_ILLEGAL_STEP" in answer.content.decode()


def test_the_desk_halt_asks_for_reason_and_phrase(as_role) -> None:
    trading_bot()
    client = as_role("risk_manager")
    sent = hidden(client, "/halt/")
    for wrong in (
        {"phrase": "HALT DESK"},
        {"reason": "feed lies"},
        {"reason": "feed lies", "phrase": "halt desk"},
    ):
        assert client.post("/halt/", sent | wrong).status_code == 422
    assert not Restriction.objects.exists()
    client.post("/halt/", sent | {"reason": "feed lies", "phrase": "HALT DESK", "choice": "keep"})
    halt = Restriction.objects.get()
    assert (halt.scope_kind, halt.state, halt.code, halt.flatten) == (
        "desk",
        "halted",
        "HALT",
        False,
    )
    assert (halt.reason, halt.set_by) == ("feed lies", client.who.username)


def test_counts_that_changed_since_the_dialog_was_read_are_shown_again(as_role) -> None:
    trading_bot()
    client = as_role("risk_manager")
    sent = hidden(client, "/halt/")
    trading_bot()
    answer = client.post("/halt/", sent | {"reason": "x", "phrase": "HALT DESK", "choice": "keep"})
    assert answer.status_code == 422
    assert "The counts changed since you looked." in answer.content.decode()
    assert not Restriction.objects.exists()


def test_halting_a_bot_and_closing_what_it_holds(as_role) -> None:
    bot, client = trading_bot(), as_role("operator")
    address = f"/halt/bot/{bot.slug}/"
    client.post(address, hidden(client, address) | {"reason": "odd fills", "choice": "flatten"})
    halt = Restriction.objects.get()
    assert (halt.scope_kind, halt.scope_id, halt.flatten) == ("bot", str(bot.pk), True)


@pytest.mark.parametrize("address", ["/halt/planet/x/", "/halt/account/not-a-uuid/"])
def test_a_scope_that_cannot_be_is_told(as_role, address) -> None:
    assert as_role("operator").get(address).status_code == 400


def test_a_restriction_is_lifted_with_a_reason_only(as_role) -> None:
    bot = trading_bot()
    held = Restriction.objects.create(
        scope_kind="bot", scope_id=str(bot.pk), state="reducing", code="DAILY_LOSS", reason="limit",
        set_at=bot.state_since, set_by="supervision",
    )  # fmt: skip
    client = as_role("risk_manager")
    address = f"/restrictions/{held.pk}/release/"
    assert client.post(address, hidden(client, address)).status_code == 422
    client.post(address, hidden(client, address) | {"reason": "looked at it"})
    held.refresh_from_db()
    assert held.lifted_by == client.who.username


def test_many_bots_are_paused_at_once(as_role) -> None:
    bots, client = [trading_bot() for _ in range(3)], as_role("operator")
    chosen = "&".join(f"bot={bot.slug}" for bot in bots[:2])
    page = client.get(f"/bots/pause/?{chosen}").content.decode()
    assert "Pause 2 bots" in page
    client.post(
        "/bots/pause/",
        hidden(client, f"/bots/pause/?{chosen}") | {"bot": [b.slug for b in bots[:2]]},
    )
    assert [Bot.objects.get(pk=b.pk).state for b in bots] == ["paused", "paused", "running"]


def test_a_limit_is_lowered_at_once_and_raised_by_request_only(as_role) -> None:
    bot, client = trading_bot(), as_role("risk_manager")
    address = f"/risk/limits/bot/{bot.pk}/gross_exposure/"
    client.post(address, {"value": "800", "reason": "calmer"})
    assert Limit.objects.get(scope_id=str(bot.pk)).value == 800
    answer = client.post(address, {"value": "2000", "reason": "more room"})
    assert answer.url.startswith("/approvals/")
    assert Limit.objects.get(scope_id=str(bot.pk)).value == 800
    assert client.post(address, {"value": "much", "reason": "x"}).status_code == 422


def test_going_back_never_leaves_the_desk(as_role) -> None:
    bot, client = trading_bot(), as_role("operator")
    address = f"/bots/{bot.slug}/pause/"
    answer = client.post(address, hidden(client, address) | {"next": "https://elsewhere.example/"})
    assert answer.url == f"/bots/{bot.slug}/"
