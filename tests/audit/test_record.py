"""The record itself: append-only, with the actor of each part, searchable."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from apps.audit.actions.record import record
from apps.audit.context import NoTransaction, acting
from apps.audit.domain.filters import AuditFilter
from apps.audit.models import AuditEvent
from apps.audit.queries import history, search
from apps.core.actor import Actor
from apps.core.clock import now
from apps.venues.models import VenueAccount
from tests.factories import make_account

RITA = Actor(kind="person", id="r1", name="rita")
RON = Actor(kind="person", id="r2", name="ron")
pytestmark = pytest.mark.django_db


def rename(account: VenueAccount, name: str) -> None:
    VenueAccount.objects.filter(pk=account.pk).update(name=name)


def actors() -> list[tuple[str, str]]:
    found = AuditEvent.objects.filter(object_type="venues_venueaccount").order_by("seq")
    return [(event.actor_name, event.verb) for event in found[1:]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = ''",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
    ],
)
def test_the_application_cannot_change_history(statement: str) -> None:
    event = record(actor=RITA, verb="a.b", subject=("x", "1", "x"), reason="why")
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEvent.objects.get(pk=event.pk).reason == "why"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET reason = ''",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
    ],
)
def test_not_even_the_owner_changes_history_by_mistake(statement: str, owner_connection) -> None:
    import psycopg

    with pytest.raises(psycopg.Error, match="APPEND_ONLY"):
        owner_connection.execute(statement)


def test_acting_nests_and_the_outer_voice_returns() -> None:
    account = make_account()
    with transaction.atomic(), acting(actor=RITA, verb="outer"):
        rename(account, "1")
        with acting(actor=RON, verb="inner", reason="r"):
            rename(account, "2")
        rename(account, "3")
    assert actors() == [("rita", "outer"), ("ron", "inner"), ("rita", "outer")]


def test_the_outer_voice_returns_after_an_error_too() -> None:
    account = make_account()
    with transaction.atomic(), acting(actor=RITA, verb="outer"):
        with pytest.raises(ValueError, match="no"), acting(actor=RON, verb="inner"):
            raise ValueError("no")
        rename(account, "1")
        with pytest.raises(DatabaseError), transaction.atomic(), acting(actor=RON, verb="inner"):
            VenueAccount.objects.filter(pk=account.pk).update(environment="live")
        rename(account, "2")
    assert actors() == [("rita", "outer"), ("rita", "outer")]


def test_the_context_ends_with_its_block() -> None:
    account = make_account()
    with transaction.atomic(), acting(actor=RITA, verb="outer"):
        rename(account, "1")
    rename(account, "2")
    assert actors() == [("rita", "outer"), ("desk_app", "update")]


@pytest.mark.django_db(transaction=True)
def test_acting_outside_a_transaction_is_refused() -> None:
    with (
        pytest.raises(NoTransaction, match="ACTING_OUTSIDE_TRANSACTION"),
        acting(actor=RITA, verb="x"),
    ):
        pytest.fail("the block must not run")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_row() -> None:
    account = make_account()
    with (  # noqa: PT012
        pytest.raises(ValueError, match="back"),
        transaction.atomic(),
        acting(actor=RITA, verb="x"),
    ):
        rename(account, "1")
        raise ValueError("back")
    assert actors() == []


def test_rows_of_one_transaction_share_a_correlation_id() -> None:
    account = make_account()
    with transaction.atomic(), acting(actor=RITA, verb="x"):
        rename(account, "1")
        rename(account, "2")
    ids = AuditEvent.objects.filter(verb="x").values_list("correlation_id", flat=True)
    assert len(set(ids)) == 1
    assert ids[0]


def test_the_record_is_searched_by_object_actor_verb_time_and_text() -> None:
    one = record(actor=RITA, verb="bot.pause", subject=("bot", "1", "sol-mm"), reason="too hot")
    two = record(actor=RON, verb="bot.resume", subject=("bot", "1", "sol-mm"), reason="cooled")
    other = record(actor=RON, verb="botany", subject=("bot", "2", "btc"))
    find = lambda **values: list(search(AuditFilter(**values)))  # noqa: E731
    assert find(object_type="bot", object_id="1") == [two, one]
    assert (
        find(actor="rita")
        == find(actor="r1")
        == find(verb="bot.pause")
        == find(text="HOT")
        == [one]
    )
    assert find(verb="bot") == [two, one]
    assert find(text="btc") == [other]
    assert find(since=now() + timedelta(hours=1)) == []
    assert find(until=one.at, object_type="bot") == []
    assert list(history(object_type="bot", object_id="2")) == [other]
    assert find(change_request="cr") == []


def test_the_export_is_json_lines_and_on_record_itself() -> None:
    record(actor=RITA, verb="bot.pause", subject=("bot", "1", "é"), after={"state": "paused"})
    record(actor=RON, verb="bot.resume", subject=("bot", "1", "é"))
    out = io.StringIO()
    call_command("audit", "export", "--verb", "bot", "--since", "2020-01-01", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["verb"] for line in lines] == ["bot.pause", "bot.resume"]
    assert lines[0]["after"] == {"state": "paused"}
    assert AuditEvent.objects.get(verb="audit.export").after == {"rows": 2}
