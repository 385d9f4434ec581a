"""Knobs by REST of the desk, by admin and by command: permission, audit row, refusal."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.actions.create_person import NewPerson, create_person
from apps.accounts.actions.sync_roles import sync_roles
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.venues.actions.create_account import create_account
from tests.fixtures.simulator import TOKEN, Simulator

pytestmark = pytest.mark.django_db(databases=["default", "simulator"])
ACTOR = Actor.task("tests")
BACKEND = "apps.accounts.backends.RolesBackend"
FAULTS, PAGE = "/api/v1/simulator/faults/", "/admin/simulator/account/faults/"


@pytest.fixture
def exchange(simulator: Simulator, settings: Any) -> Any:
    settings.SIMULATOR_URL, settings.SIMULATOR_TOKEN = simulator.url, TOKEN
    sync_roles(actor=ACTOR)
    yield simulator
    simulator.control("DELETE", "faults")


@pytest.fixture
def account(exchange: Simulator) -> Any:
    return create_account(
        actor=ACTOR, slug="paper", name="Paper", venue="binance", environment="simulated", quote_asset="USDT"
    )  # fmt: skip


def signed_in(kind: type[Any], role: str) -> Any:
    client = kind()
    person = create_person(
        actor=ACTOR,
        person=NewPerson(
            username=f"{role}-{uuid.uuid4().hex[:6]}".replace("_", "-"), roles=(role,)
        ),
    )
    client.force_login(person, backend=BACKEND)
    return client


def send(client: APIClient, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    return getattr(client, method)(
        path, body or {}, format="json", HTTP_IDEMPOTENCY_KEY=uuid.uuid4().hex
    )


def audited() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(verb__startswith="simulator.fault").order_by("seq")
    return [(row.verb, row.object_name) for row in rows]


def armed(exchange: Simulator) -> list[str]:
    return [fault["kind"] for fault in exchange.control("GET", "faults")["armed"]]


def test_rest_arms_lists_and_clears_for_those_who_may(exchange: Simulator, account: Any) -> None:
    client, viewer = signed_in(APIClient, "operator"), signed_in(APIClient, "strategist")
    wanted = {"kind": "delay", "account": "paper", "terms": {"ms": "5", "count": "3"}}

    assert send(viewer, "post", FAULTS, wanted).status_code == 403
    assert viewer.get(FAULTS).json()["armed"] == []
    first = send(client, "post", FAULTS, wanted)
    send(client, "post", FAULTS, {"kind": "clock_skew", "terms": {"ms": "-9000"}})

    assert first.status_code == 201
    (fault,) = first.json()["armed"]
    assert (fault["kind"], fault["count"], fault["account"]) == ("delay", 3, "paper")
    assert send(viewer, "delete", f"{FAULTS}{fault['id']}/").status_code == 403
    assert send(client, "delete", f"{FAULTS}{fault['id']}/").status_code == 200
    assert armed(exchange) == ["clock_skew"]
    refused = send(client, "post", FAULTS, {"kind": "delay", "terms": {"ms": "soon"}})
    assert (refused.status_code, refused.json()["code"]) == (400, "BAD_FAULT")
    assert send(client, "post", FAULTS, {"kind": "meteor"}).json()["code"] == "UNKNOWN_FAULT"
    assert send(client, "delete", FAULTS).json()["armed"] == []
    assert audited() == [
        ("simulator.fault", "delay"), ("simulator.fault", "clock_skew"),
        ("simulator.fault.clear", f"fault {fault['id']}"), ("simulator.fault", "delay"),
        ("simulator.fault.clear", "all"),
    ]  # fmt: skip


def test_a_desk_without_a_simulated_account_is_refused_everywhere(exchange: Simulator) -> None:
    client = signed_in(APIClient, "operator")

    answer = send(client, "post", FAULTS, {"kind": "delay"})

    assert (answer.status_code, answer.json()["code"]) == (409, "NO_SIMULATED_ACCOUNT")
    with pytest.raises(CommandError, match="NO_SIMULATED_ACCOUNT"):
        call_command("simulator", "faults", "set", "delay")
    assert (armed(exchange), audited()) == ([], [])


def test_the_admin_page_arms_and_clears_for_those_who_may(
    exchange: Simulator, account: Any
) -> None:
    administrator, auditor = signed_in(Client, "administrator"), signed_in(Client, "auditor")

    administrator.post(PAGE, {"kind": "http_503", "terms": "count=2", "reason": "a drill"})

    assert armed(exchange) == ["http_503"]
    page = auditor.get(PAGE).content.decode()
    assert "overload: 503 with -1008, nothing happens" in page
    assert "Arm a fault" not in page
    assert auditor.post(PAGE, {"kind": "http_503"}).status_code == 403
    assert "Clear all" in administrator.get(PAGE).content.decode()
    administrator.post(PAGE, {"clear": "all"})
    assert armed(exchange) == []
    assert audited() == [("simulator.fault", "http_503"), ("simulator.fault.clear", "all")]
    assert AuditEvent.objects.filter(verb="simulator.fault").get().reason == "a drill"


def test_the_command_arms_lists_and_clears(exchange: Simulator, account: Any) -> None:
    def say(*words: str, **options: Any) -> str:
        out = io.StringIO()
        call_command("simulator", "faults", *words, stdout=out, **options)
        return out.getvalue()

    done = json.loads(say("set", "refuse_cancels", "count=2", account="paper", json=True))
    assert [(fault["kind"], fault["account"]) for fault in done["armed"]] == [
        ("refuse_cancels", "paper")
    ]
    listed = say("list")
    assert "refuse_cancels for paper, 2 left: cancels are refused" in listed
    assert "dns_failure" in listed
    say("clear", str(done["armed"][0]["id"]))
    assert armed(exchange) == []
    for words in (("set",), ("set", "delay", "soon"), ("clear", "x"), ("dance",)):
        with pytest.raises(CommandError, match="faults list"):
            say(*words)
