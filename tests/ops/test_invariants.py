"""`manage.py invariants` and the check behind it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from apps.ops import queries
from apps.ops.actions.check_invariants import check_invariants
from apps.ops.actions.clean_up import clean_up
from apps.ops.models import Finding, Heartbeat
from apps.ops.tasks import clean, invariants
from tests.approvals.people import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_clean_desk_breaks_nothing_and_answers_one_json_object() -> None:
    out = io.StringIO()
    call_command("invariants", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["violations"] == 0
    assert set(found["checks"].values()) <= {0}
    assert "golive.stage_has_its_request" in found["checks"]


def test_each_named_rule_of_the_design_has_a_query_and_is_listed() -> None:
    out = io.StringIO()
    call_command("invariants", "--list", stdout=out)
    listed = out.getvalue()
    for number in (1, 2, 3, 4, 6, 8, 10, 13, 17, 18, 19, 20):
        assert f".I{number}_" in listed
    assert "golive.stage_has_its_request: A bot on real money stands on the request" in listed
    assert not Heartbeat.objects.filter(name="invariants").exists()


def test_a_broken_one_exits_with_3_and_is_kept(monkeypatch) -> None:
    rules = {
        "x.two": ("Nothing", "SELECT 1 UNION ALL SELECT 2;"),
        "x.none": ("", "SELECT 1 WHERE false"),
    }
    monkeypatch.setattr("apps.ops.actions.check_invariants.invariants", lambda: rules)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("invariants", "--json", stdout=out)
    assert ended.value.code == 3
    expected = {"violations": 2, "checks": {"x.none": 0, "x.two": 2}}
    assert json.loads(out.getvalue()) == expected | {"found": {"x.two": [["1"], ["2"]]}}
    assert Heartbeat.objects.get(name="invariants").detail == expected


def test_a_finding_is_open_for_as_long_as_it_lasts(monkeypatch, client) -> None:
    rules = {"x.two": ("Nothing is two", "SELECT 1 UNION ALL SELECT 2")}
    monkeypatch.setattr("apps.ops.actions.check_invariants.invariants", lambda: rules)
    check_invariants()
    check_invariants()
    found = Finding.objects.get()
    assert (found.name, found.words, found.rows) == ("x.two", "Nothing is two", 2)
    assert client.get("/readyz").json()["components"]["checks"] == {
        "ok": False, "detail": "invariants broken: x.two (2)", "age_seconds": None,
    }  # fmt: skip
    assert 'desk_invariant_violations{name="x.two"} 2.0' in client.get("/metrics").content.decode()
    rules["x.two"] = ("Nothing is two", "SELECT 1 WHERE false")
    check_invariants()
    assert Finding.objects.get().resolved_at is not None
    assert client.get("/readyz").json()["components"]["checks"]["ok"]


def test_figures_are_for_this_machine_and_for_operators_only(client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"desk_orders_unknown 0.0" in answer.content
    assert b"desk_order_doubt_seconds 0.0" in answer.content
    for far in ({"REMOTE_ADDR": "10.0.0.9"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}):
        assert client.get("/metrics", **far).status_code == 403


def test_the_task_keeps_the_last_result() -> None:
    invariants()
    assert Heartbeat.objects.get(name="invariants").detail["violations"] == 0


def test_every_invariant_runs() -> None:
    found = [queries.violations(rule, sample=1) for rule in queries.invariants().values()]
    assert {rows for rows, _ in found} == {0}


def test_cleaning_up_an_empty_desk_deletes_nothing() -> None:
    clean()
    assert set(clean_up(actor=SYSTEM).values()) == {0}
