"""What a voter sees: now and after, and nothing that stays among what changes."""

from __future__ import annotations

import pytest

from apps.accounts.queries import actor_of
from apps.dashboard.queries.approvals import lines_of, read_request
from apps.golive.actions.request_promotion import request_promotion
from tests.golive.evidence import ready_bot

pytestmark = pytest.mark.django_db


def test_a_promotion_shows_the_stage_now_and_after(person, as_role) -> None:
    sam = person("strategist")
    bot = ready_bot()
    made = request_promotion(
        actor=actor_of(user=sam), user=sam, bot_id=bot.pk, reason="twenty good trades"
    )
    page = read_request(made.number)
    assert [(line.name, line.now, line.after) for line in page.changed] == [
        ("stage", "paper", "testnet")
    ]
    assert [step.state for step in page.steps] == ["done", "now", "", "", ""]
    shown = as_role("risk_manager").get(f"/approvals/{made.number}/").content.decode()
    assert "twenty good trades" in shown
    assert made.content_hash in shown


def test_what_before_does_not_name_stays() -> None:
    lines = lines_of(before={"value": "100"}, after={"value": "200", "name": "order_cost"})
    assert [(line.name, line.is_changed) for line in lines] == [("value", True), ("name", False)]


def test_a_first_content_is_all_new() -> None:
    assert all(line.is_changed for line in lines_of(before={}, after={"a": 1, "b": {"c": 2}}))


def test_a_limit_in_a_list_is_one_line() -> None:
    content = {"limits": [{"scope": "bot", "name": "daily_loss", "value": "100"}]}
    assert [(line.name, line.after) for line in lines_of(before={}, after=content)] == [
        ("limits · bot daily loss", "100")
    ]
