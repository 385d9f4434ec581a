"""A bot climbs on a rehearsal desk with three people in three sessions; whoever may not, cannot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import now
from apps.golive.actions.make_rehearsal import make_rehearsal
from tests.golive.evidence import give_evidence, ready_bot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]


def propose(page: Page, bot: Bot) -> int:
    """Ask for the next stage on the bot's go-live page; return the request's number."""
    page.goto(f"/bots/{bot.slug}/go-live/")
    page.get_by_label("Reason").fill("twenty good trades")
    page.get_by_role("button", name="Request promotion").click()
    expect(page.locator(".messages")).to_contain_text("waits for")
    return ChangeRequest.objects.order_by("-number").first().number


def approve(page: Page, number: int) -> None:
    """Vote for the request."""
    page.goto(f"/approvals/{number}/")
    page.get_by_label("Comment").fill("looked at the evidence")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".messages")).to_contain_text("Your vote is recorded")


def stage_of(bot: Bot) -> str:
    return Bot.objects.get(pk=bot.pk).stage


def cannot_vote(page: Page, number: int, words: str) -> None:
    """Show that the page offers no vote, and that a forged one is refused."""
    page.goto(f"/approvals/{number}/")
    expect(page.locator("main")).to_contain_text(words)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    request = ChangeRequest.objects.get(number=number)
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    answer = page.request.post(
        f"/approvals/{number}/vote/",
        form={"decision": "approve", "comment": "me too", "content_hash": request.content_hash, "csrfmiddlewaretoken": token},
        headers={"Referer": page.url},
    )  # fmt: skip
    assert answer.status in {403, 422}
    assert not request.votes.filter(user__username=page.who).exists()


def test_promotion_walk(person, signed_in) -> None:
    make_rehearsal(actor=Actor.task("tests"))
    people = {
        "sam": person("sam", "strategist"), "rita": person("rita", "risk_manager"),
        "rob": person("rob", "risk_manager"), "edith": person("edith", "risk_manager"),
        "sue": person("sue", "administrator"),
    }  # fmt: skip
    User.objects.filter(username="sue").update(is_superuser=True, is_staff=True)
    bot = ready_bot(author=people["edith"], slug="climber")
    pages = {}
    for name in people:
        pages[name] = signed_in(name)
        pages[name].who = name

    number = propose(pages["sam"], bot)
    cannot_vote(pages["sam"], number, "others decide")
    cannot_vote(pages["edith"], number, "You wrote a part of it")
    cannot_vote(pages["sue"], number, "Your role does not vote")
    assert stage_of(bot) == "paper"
    approve(pages["rita"], number)
    assert stage_of(bot) == "testnet"

    Bot.objects.filter(pk=bot.pk).update(stage_since=now() - timedelta(days=9))
    give_evidence(Bot.objects.get(pk=bot.pk))
    number = propose(pages["sam"], bot)
    approve(pages["rita"], number)
    assert stage_of(bot) == "testnet"
    past_the_desk(bot, pages)
    approve(pages["rob"], number)
    assert stage_of(bot) == "small_capital"
    pages["sam"].goto("/")
    expect(pages["sam"].locator(".strip")).to_contain_text("REHEARSAL")


def past_the_desk(bot: Bot, pages: dict[str, Page]) -> None:
    """Show that neither REST, nor the admin, nor SQL moves a stage."""
    page = pages["sue"]
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    headers = {"X-CSRFToken": token, "Referer": page.url, "Content-Type": "application/json"}
    for address in (f"/api/v1/bots/{bot.slug}/", f"/api/v1/bots/{bot.pk}/"):
        assert (
            page.request.patch(address, data='{"stage": "mainnet"}', headers=headers).status >= 400
        )
    page.goto(f"/admin/bots/bot/{bot.pk}/change/")
    expect(page.locator('[name="stage"]')).to_have_count(0)
    forged = "UPDATE bots_bot SET stage = 'mainnet' WHERE id = %s"
    refused = pytest.raises(DatabaseError, match="STAGE_NEEDS_APPROVAL")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(forged, [bot.pk])
    assert stage_of(bot) == "testnet"
