"""The Reconcile screen, a case, its dialogs, the report and the runbooks."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from apps.approvals.models import ChangeRequest
from apps.core.clock import now
from apps.dashboard.topics import TOPICS
from apps.reconciliation.models import CASE_KINDS, Case, Comparison, ComparisonDay, ProfitDay
from apps.risk.models import Restriction
from tests.factories import make_bot, make_instrument

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot():
    return make_bot(instruments=[make_instrument(symbol="BTC/USDT")], slug="one")


def case(bot, **values) -> Case:
    known = {
        "kind": "balance", "subject": "USDT", "severity": "critical", "book": {"amount": "10000"},
        "venue": {"amount": "10005"}, "cause": "A deposit came in.", "opened_at": now(),
        "seen_at": now(), "evidence": [{"at": "2026-01-01", "source": "venue", "what": "amount 10005"}],
        "proposed_fix": {"verb": "write_off", "now": {"amount": "10000"},
                         "after": {"amount": "10005"}, "needs": "a second person"},
    }  # fmt: skip
    return Case.objects.create(account=bot.account, **known | values)


def text(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_list_shows_cases_states_and_what_is_late(as_role, bot):
    case(bot)
    case(bot, kind="foreign_order", subject="BTC/USDT 7", state="healed", owner="olga")
    Comparison.objects.create(
        account=bot.account, kind="orders", started_at=now(), is_clean=True, compared=5, equal=5
    )
    client = as_role("operator")
    page = text(client.get("/reconcile/"))
    for words in (
        "A deposit came in.",
        "5 of 5 equal",
        "Not run",
        "Reconcile now",
        "Whole history",
    ):
        assert words in page
    assert "foreign order" not in page.split("</form>")[-1].split("Accounts</h2>")[0]
    assert "BTC/USDT 7" in text(client.get("/reconcile/?show=healed"))
    assert "BTC/USDT 7" in text(client.get("/reconcile/?show=foreign"))
    assert "Nothing matches" in text(client.get("/reconcile/?show=all&kind=fee"))
    assert "data-region" in text(client.get("/reconcile/?part=reconcile"))


def test_a_case_shows_its_diff_and_proposes_a_write_off_by_dialog(as_role, bot):
    found = case(bot)
    client = as_role("operator")
    page = text(client.get(f"/reconcile/cases/{found.pk}/"))
    for words in ("10005", "A deposit came in.", "needs a second person", "/runbooks/balance/"):
        assert words in page
    dialog = text(client.get(f"/reconcile/cases/{found.pk}/write-off/"))
    assert "Ledger USDT: 5" in dialog
    sent = {"reason": "a deposit", "submission": dialog.split('name="submission" value="')[1][:32]}
    answer = client.post(f"/reconcile/cases/{found.pk}/write-off/", sent)
    assert answer.status_code == 302, answer.content.decode()
    request = ChangeRequest.objects.get()
    assert (request.kind, request.content["lines"]) == ("reconciliation.write_off", {"USDT": "5"})
    assert request.reference in text(client.get(f"/reconcile/cases/{found.pk}/"))
    assert "Write off 5 USDT" in text(client.get(f"/approvals/{request.number}/"))
    viewer = as_role("auditor")
    assert "Write off…" not in text(viewer.get(f"/reconcile/cases/{found.pk}/"))


def test_only_a_releasing_role_lets_an_account_enter_again(as_role, bot):
    Restriction.objects.create(
        scope_kind="account", scope_id=str(bot.account_id), state="reducing",
        code="FOREIGN_ACTIVITY", reason="by hand", set_at=now(), set_by="reconciliation",
    )  # fmt: skip
    link = f"/reconcile/accounts/{bot.account.slug}/clear/"
    assert link not in text(as_role("operator").get("/reconcile/"))
    risk = as_role("risk_manager")
    assert link in text(risk.get("/reconcile/"))
    assert "FOREIGN_ACTIVITY" in text(risk.get(link))


def test_the_report_is_page_json_and_csv(as_role, bot):
    address = f"/reconcile/reports/{bot.account.slug}/"
    client = as_role("auditor")
    assert "Nothing was compared" in text(client.get(address))
    instrument, day = bot.config.instruments.get().instrument, date(2026, 1, 2)
    ProfitDay.objects.create(
        account=bot.account, instrument=instrument, day=day, fills_desk=2, fills_venue=2,
        fills_equal=2, profit_desk=Decimal(12), profit_venue=Decimal("11.5"),
        fees_desk={"USDT": "0.2"}, fees_venue={"USDT": "0.2"}, checked_at=now(),
    )  # fmt: skip
    ComparisonDay.objects.create(
        account=bot.account, kind="orders", day=day, passes=10, compared=50, equal=49, healed=1
    )
    span = "?from=2026-01-01&to=2026-01-31"
    page = text(client.get(address + span))
    assert "BTC/USDT" in page
    told = json.loads(text(client.get(f"{address}{span}&format=json")))
    assert told["totals"]["USDT"]["difference"] == "0.5"
    assert told["comparisons"][0]["healed"] == 1
    answer = client.get(f"{address}{span}&format=csv")
    assert "attachment" in answer["Content-Disposition"]
    [row] = csv.DictReader(io.StringIO(text(answer)))
    assert (row["profit_desk"], row["difference"], row["fees_venue"]) == ("12", "0.5", "0.2 USDT")
    assert client.get(f"{address}?from=2026-02-01&to=2026-01-01").status_code == 400


def test_each_kind_of_case_has_its_runbook(as_role):
    client = as_role("viewer")
    for kind in CASE_KINDS:
        page = text(client.get(f"/runbooks/{kind}/"))
        assert "<h2>What not to do</h2>" in page
    assert client.get("/runbooks/nothing/").status_code == 404
    assert {path.stem for path in Path("docs/runbooks").glob("*.md")} >= set(CASE_KINDS)


def test_the_topic_moves_with_a_case(bot):
    read = TOPICS["reconcile"].read
    before = read("").flat()
    case(bot)
    assert read("").flat() != before
