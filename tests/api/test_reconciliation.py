"""Cases, comparisons and reports over the API."""

from __future__ import annotations

import pytest

from apps.approvals.models import ChangeRequest
from apps.core.clock import now
from apps.reconciliation.actions import ask_comparison
from apps.reconciliation.models import Case, ComparisonDay
from tests.factories import make_bot

pytestmark = pytest.mark.django_db
CASES = "/api/v1/reconciliation/cases/"


def case(**values) -> Case:
    known = {
        "kind": "balance", "subject": "USDT", "severity": "critical", "book": {"amount": "1"},
        "venue": {"amount": "6"}, "opened_at": now(), "seen_at": now(),
    }  # fmt: skip
    return Case.objects.create(account=make_bot().account, **known | values)


def test_a_write_off_is_said_first_and_then_asked_for_once(client_of):
    found, client = case(), client_of("operator")
    address = f"{CASES}{found.pk}/write-off/"
    said = client.act(f"{address}?dry_run=true", {"reason": "a deposit"})
    assert (said.status_code, said.data["dry_run"]) == (200, True)
    assert not ChangeRequest.objects.exists()
    for _ in range(2):
        answer = client.act(address, {"reason": "a deposit"}, key="once")
        assert answer.status_code == 200
    request = ChangeRequest.objects.get()
    assert str(answer.data["change_request_id"]) == str(request.pk)
    assert request.content["lines"] == {"USDT": "5"}
    assert [e["verb"] for e in answer.data["events"]] == ["propose"]


def test_what_heals_by_itself_is_not_resolved_and_what_happened_is(client_of):
    client = client_of("operator")
    refused = client.act(f"{CASES}{case().pk}/resolve/", {"reason": "never mind"})
    assert (refused.status_code, refused.data["code"]) == (409, "CASE_HEALS_ITSELF")
    found = case(kind="foreign_fill", venue={"fills": []})
    assert client.act(f"{CASES}{found.pk}/take/").data["owner"] == client.who.username
    done = client.act(f"{CASES}{found.pk}/resolve/", {"reason": "a colleague"})
    assert (done.data["state"], done.data["resolution"]) == ("resolved", "a colleague")
    again = client.act(f"{CASES}{found.pk}/resolve/", {"reason": "again"})
    assert again.data["code"] == "CASE_CLOSED"


def test_an_account_is_compared_now(client_of, monkeypatch):
    sent = []
    monkeypatch.setattr(
        ask_comparison.current_app, "send_task", lambda name, args, **_: sent.append((name, args))
    )
    account, client = make_bot().account, client_of("operator")
    answer = client.act("/api/v1/reconciliation/comparisons/", {"account": account.slug})
    assert (answer.status_code, answer.data["kinds"]) == (202, ["orders", "positions", "balances"])
    assert sent == [(f"reconciliation.{kind}", [str(account.pk)]) for kind in answer.data["kinds"]]


def test_a_report_of_an_account_and_a_period(client_of):
    account, client = make_bot().account, client_of("auditor")
    ComparisonDay.objects.create(
        account=account, kind="orders", day="2026-01-02", passes=3, compared=7, equal=7
    )
    found = client.get(
        f"/api/v1/reconciliation/reports/{account.slug}/?from=2026-01-01&to=2026-01-05"
    )
    assert found.data["comparisons"][0] == {
        "kind": "orders", "passes": 3, "clean_passes": 0, "unreadable": 0, "compared": 7,
        "equal": 7, "healed": 0, "opened": 0,
    }  # fmt: skip
    wrong = client.get(f"/api/v1/reconciliation/reports/{account.slug}/?from=x")
    assert (wrong.status_code, wrong.data["code"]) == (400, "PERIOD_INVALID")
