"""Wrong input gets a clear coded problem, and nothing is half-written."""

from __future__ import annotations

from typing import Any

import pytest

from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotConfig
from apps.core.clock import now
from apps.strategies.actions.sync_catalogue import sync_catalogue
from tests.factories import make_account, make_bot, make_instrument, make_order

pytestmark = pytest.mark.django_db
CONFIG = {
    "strategy": "sma_cross",
    "timeframe": "1h",
    "parameters": {},
    "sizing": {"mode": "fixed_cost", "cost": "100"},
    "protection": {"stop_loss": "0.05"},
    "reason": "because",
}


def test_malformed_json_is_a_problem_with_a_code(client_of: Any) -> None:
    client = client_of("strategist", scopes=["propose"])
    answer = client.post(
        "/api/v1/bots/", data="{not json", content_type="application/json", HTTP_IDEMPOTENCY_KEY="k"
    )
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "MALFORMED_JSON"
    assert Bot.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[" * 100_000, 400, "MALFORMED_JSON"),
        ('{"x": "' + "y" * 3_000_000 + '"}', 413, "BODY_TOO_LARGE"),
        ('{"price": 1e999, "reason": "x"}', 400, "NOT_A_NUMBER"),
    ],
    ids=["depth", "size", "infinity"],
)
def test_a_body_that_no_client_of_ours_sends_is_a_problem_too(
    client_of: Any, body: str, status: int, code: str
) -> None:
    answer = client_of("operator").patch(
        f"/api/v1/orders/{make_order().id}/", data=body, content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="k",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_foreign_token_is_refused_without_saying_why(client_of: Any) -> None:
    client = client_of("viewer", scopes=["read"])
    client.credentials(HTTP_AUTHORIZATION="Bearer td_" + "0" * 60)
    answer = client.get("/api/v1/bots/")
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REFUSED")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_no_token_at_all_is_401(client_of: Any) -> None:
    client = client_of("viewer", scopes=["read"])
    client.credentials()
    answer = client.get("/api/v1/bots/")
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_SIGNED_IN")


def test_a_missing_permission_is_named(client_of: Any) -> None:
    answer = client_of("viewer", scopes=["read", "trade"]).act(
        f"/api/v1/bots/{make_bot().slug}/actions/pause/"
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "NOT_PERMITTED"
    assert answer.json()["context"] == {"permission": "pause_bots"}


def test_a_read_token_of_an_operator_cannot_act(client_of: Any) -> None:
    bot = make_bot(state="running")
    answer = client_of("operator", scopes=["read"]).act(f"/api/v1/bots/{bot.slug}/actions/pause/")
    assert answer.status_code == 403
    bot.refresh_from_db()
    assert bot.state == "running"


def test_an_unknown_parameter_writes_no_version(client_of: Any) -> None:
    client = client_of("strategist")
    bot, instrument = _draft()
    body = CONFIG | {"symbols": [instrument.symbol], "parameters": {"fastt": 3}}
    answer = client.act(f"/api/v1/bots/{bot.slug}/config-versions/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_PARAMETER")
    assert BotConfig.objects.count() == 0


def test_a_float_is_no_money(client_of: Any) -> None:
    client = client_of("risk_manager")
    body = {"scope_kind": "desk", "name": "daily_loss", "value": 1.5, "reason": "x"}
    answer = client.act("/api/v1/limits/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_A_NUMBER")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "", "abc"])
def test_no_number_is_no_limit(client_of: Any, value: str) -> None:
    client = client_of("risk_manager")
    body = {"scope_kind": "desk", "name": "daily_loss", "value": value, "reason": "x"}
    answer = client.act("/api/v1/limits/", body)
    assert answer.status_code == 400


def test_an_act_without_a_key_is_refused(client_of: Any) -> None:
    bot = make_bot(state="running")
    answer = client_of("operator").post(
        f"/api/v1/bots/{bot.slug}/actions/pause/", {}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    bot.refresh_from_db()
    assert bot.state == "running"


def test_the_same_key_acts_once_and_another_body_is_422(client_of: Any) -> None:
    client, bot = client_of("operator"), make_bot(state="running")
    path = f"/api/v1/bots/{bot.slug}/actions/pause/"
    first = client.act(path, {"reason": "a"}, key="one")
    again = client.act(path, {"reason": "a"}, key="one")
    other = client.act(path, {"reason": "b"}, key="one")
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert first.json() == again.json()
    assert again["Idempotent-Replay"] == "true"
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert AuditEvent.objects.filter(verb="bot.pause").count() == 1


def test_a_refusal_is_repeated_too(client_of: Any) -> None:
    client, bot = client_of("operator"), make_bot(state="paused")
    path = f"/api/v1/bots/{bot.slug}/actions/pause/"
    first, again = client.act(path, key="one"), client.act(path, key="one")
    assert first.status_code == again.status_code == 409
    assert first.json()["code"] == again.json()["code"] == "BOT_ILLEGAL_STEP"


def test_a_patch_of_governed_fields_needs_a_change_request(client_of: Any) -> None:
    client, bot = client_of("strategist"), make_bot()
    answer = client.patch(f"/api/v1/bots/{bot.slug}/", {"stage": "mainnet"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "REQUIRES_CHANGE_REQUEST")
    bot.refresh_from_db()
    assert bot.stage == "paper"


def test_a_dry_run_says_and_does_nothing(client_of: Any) -> None:
    bot = make_bot(state="running")
    answer = client_of("operator").act(f"/api/v1/bots/{bot.slug}/actions/stop/?dry_run=true")
    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    bot.refresh_from_db()
    assert bot.state == "running"


def test_candles_judge_their_parameters(client_of: Any) -> None:
    client = client_of("viewer")
    instrument = make_instrument()
    answers = {
        query: client.get(f"/api/v1/candles/?{query}").json().get("code")
        for query in (
            f"instrument={instrument.id}&timeframe=2h",
            f"instrument={instrument.id}&timeframe=1h&limit=0",
            f"instrument={instrument.id}&timeframe=1h&limit=x",
            "instrument=999999&timeframe=1h",
        )
    }
    assert list(answers.values()) == [
        "UNKNOWN_TIMEFRAME",
        "OUT_OF_RANGE",
        "NOT_A_NUMBER",
        "NOT_FOUND",
    ]


def test_tokens_cannot_vote_or_release(client_of: Any) -> None:
    client = client_of(
        "risk_manager", scopes=["read", "propose", "trade", "halt", "operate", "admin"]
    )
    me = client.get("/api/v1/me/").json()
    assert not {"vote", "release_halt", "manage_people"} & set(me["permissions"])


def test_money_is_text_and_the_rate_is_told(client_of: Any) -> None:
    make_instrument()
    answer = client_of("viewer").get("/api/v1/instruments/")
    row = answer.json()["results"][0]
    assert isinstance(row["price_tick"], str)
    assert "E" not in row["price_tick"]
    assert int(answer["RateLimit-Limit"]) == 600
    assert int(answer["RateLimit-Remaining"]) < 600


def _draft() -> tuple[Bot, Any]:
    sync_catalogue()
    bot = Bot.objects.create(
        slug="draft", name="Draft", account=make_account(), state_since=now(), stage_since=now()
    )
    return bot, make_instrument()
