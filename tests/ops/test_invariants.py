"""`manage.py invariants` and the check behind it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from apps.ops import queries
from apps.ops.actions.clean_up import clean_up
from apps.ops.models import Heartbeat
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
    assert json.loads(out.getvalue()) == expected
    assert Heartbeat.objects.get(name="invariants").detail == expected


def test_the_task_keeps_the_last_result() -> None:
    invariants()
    assert Heartbeat.objects.get(name="invariants").detail["violations"] == 0


def test_every_invariant_runs() -> None:
    assert {queries.count_violations(rule) for rule in queries.invariants().values()} == {0}


def test_cleaning_up_an_empty_desk_deletes_nothing() -> None:
    clean()
    assert set(clean_up(actor=SYSTEM).values()) == {0}
