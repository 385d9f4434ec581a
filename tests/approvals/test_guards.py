"""The same rules in PostgreSQL, against SQL with the application's own rights."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from apps.approvals.actions.open_request import open_request
from apps.approvals.actions.vote import Ballot, vote
from apps.approvals.domain.content import content_hash
from apps.approvals.models import ChangeRequest, ContentEdit, Vote
from apps.core.clock import now
from apps.core.ids import new_id
from tests.approvals.people import actor, person, proposal

pytestmark = pytest.mark.django_db
VOTE = (
    "INSERT INTO approvals_vote (id, request_id, user_id, role, decision, comment, content_hash, at)"
    " VALUES (%s, %s, %s, %s, 'approve', %s, %s, now())"
)


def refused(code: str, statement: str, values: list | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("desk_app",)
        with pytest.raises(DatabaseError, match=code), transaction.atomic():
            cursor.execute(statement, values or [])


@pytest.fixture
def request_row(sam) -> ChangeRequest:
    return open_request(actor=actor(sam), user=sam, proposal=proposal())


def vote_row(request, user, role="risk_manager", comment="yes", hash_=None) -> list:
    return [new_id(), request.pk, user.pk, role, comment, hash_ or request.content_hash]


def test_a_forged_vote_is_refused(request_row, sam, rita) -> None:
    adam = person("adam", "administrator")
    robot = person("robot", "machine", is_machine=True)
    gone = person("gone", "risk_manager")
    gone.is_active = False
    gone.save()
    refused("VOTE_BY_REQUESTER", VOTE, vote_row(request_row, sam))
    refused("VOTE_NO_ROLE", VOTE, vote_row(request_row, adam))
    refused("VOTE_NO_ROLE", VOTE, vote_row(request_row, adam, role="administrator"))
    refused("VOTE_NO_ROLE", VOTE, vote_row(request_row, robot))
    refused("VOTE_NO_ROLE", VOTE, vote_row(request_row, gone))
    refused("VOTE_NEEDS_COMMENT", VOTE, vote_row(request_row, rita, comment="  "))
    refused("VOTE_CONTENT_MISMATCH", VOTE, vote_row(request_row, rita, hash_="0" * 64))
    ContentEdit.objects.create(request=request_row, user=rita, what="limit", at=now())
    refused("VOTE_BY_EDITOR", VOTE, vote_row(request_row, rita))
    assert not Vote.objects.exists()


def test_a_request_does_not_become_approved_without_votes(request_row) -> None:
    for state in ("approved", "applying", "applied"):
        refused(
            "VOTES_DO_NOT_SUFFICE|ILLEGAL_STEP",
            "UPDATE approvals_changerequest SET state = %s WHERE id = %s",
            [state, request_row.pk],
        )


def test_a_request_is_not_applied_with_a_voter_who_has_lost_the_role(request_row, rita) -> None:
    ballot = Ballot(request_row.pk, "approve", "yes", request_row.content_hash)
    vote(actor=actor(rita), user=rita, ballot=ballot)
    rita.groups.clear()
    refused(
        "VOTES_DO_NOT_SUFFICE",
        "UPDATE approvals_changerequest SET state = 'applying' WHERE id = %s",
        [request_row.pk],
    )


def test_a_temporary_table_of_the_same_name_changes_nothing(request_row) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE approvals_changerequest AS SELECT * FROM public.approvals_changerequest"
        )
        cursor.execute(
            "UPDATE pg_temp.approvals_changerequest SET approvals_needed = 0, roles_needed = '[]'"
        )
    refused(
        "VOTES_DO_NOT_SUFFICE",
        "UPDATE public.approvals_changerequest SET state = 'approved' WHERE id = %s",
        [request_row.pk],
    )


INSERT = (
    "INSERT INTO approvals_changerequest (id, number, kind, subject_type, subject_id, subject_name,"
    " title, content, content_hash, before, reason, real_money, approvals_needed, roles_needed, state,"
    " requested_by_id, created_at, expires_at, closed_reason)"
    " VALUES (%s, %s, %s, 'bot', 'b', 'b', 't', %s, %s, '{}', 'r', %s, %s, %s, %s, %s, now(), %s, '')"
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "approved"}, "REQUEST_STARTS_IN_REVIEW"),
        ({"state": "applying"}, "REQUEST_STARTS_IN_REVIEW"),
        ({"hash": "0" * 64}, "CONTENT_HASH_WRONG"),
        ({"real_money": False}, "REAL_MONEY_WRONG"),
        ({"needed": 1}, "BELOW_POLICY"),
        ({"needed": 0}, "BELOW_POLICY"),
        ({"roles": "[]"}, "BELOW_POLICY"),
        ({"kind": "anything"}, "BELOW_POLICY"),
        ({"hours": 25}, "BELOW_POLICY"),
    ],
)
def test_a_forged_request_is_refused(sam, changes, code) -> None:
    content = {"to_stage": "mainnet"}
    row = {
        "kind": "bot.promote", "hash": content_hash(content), "real_money": True, "needed": 2,
        "roles": '["risk_manager"]', "state": "in_review", "hours": 24,
    } | changes  # fmt: skip
    refused(
        code, INSERT,
        [new_id(), 1, row["kind"], json.dumps(content), row["hash"], row["real_money"], row["needed"],
         row["roles"], row["state"], sam.pk, now() + timedelta(hours=row["hours"])],
    )  # fmt: skip
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "content = '{}'", "content_hash = repeat('0', 64)", "approvals_needed = 0", "roles_needed = '[]'",
        "real_money = true", "kind = 'bot.promote'", "expires_at = now() + interval '9 days'",
        "requested_by_id = (SELECT id FROM accounts_user WHERE username = 'rita')", "subject_id = 'x'",
    ],
)  # fmt: skip
def test_what_people_vote_on_is_frozen(request_row, rita, change) -> None:
    refused(
        "CONTENT_FROZEN",
        f"UPDATE approvals_changerequest SET {change} WHERE id = %s",
        [request_row.pk],
    )


def test_votes_edits_and_requests_stay(request_row, rita) -> None:
    vote(
        actor=actor(rita), user=rita,
        ballot=Ballot(request_row.pk, "approve", "yes", request_row.content_hash),
    )  # fmt: skip
    for statement in (
        "UPDATE approvals_vote SET decision = 'reject'", "DELETE FROM approvals_vote",
        "TRUNCATE approvals_vote", "DELETE FROM approvals_contentedit",
        "DELETE FROM approvals_changerequest", "TRUNCATE approvals_changerequest CASCADE",
    ):  # fmt: skip
        refused("permission denied|APPEND_ONLY", statement)
    assert Vote.objects.count() == 1


def test_an_editor_is_not_added_after_the_review(request_row, rita, sam) -> None:
    vote(
        actor=actor(rita), user=rita,
        ballot=Ballot(request_row.pk, "approve", "yes", request_row.content_hash),
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="REQUEST_CLOSED"), transaction.atomic():
        ContentEdit.objects.create(request=request_row, user=sam, what="late", at=now())


def test_the_application_cannot_switch_the_guards_off() -> None:
    for statement in (
        "ALTER TABLE approvals_vote DISABLE TRIGGER ALL", "SET session_replication_role = replica",
        "DROP FUNCTION approvals_votes_suffice(uuid) CASCADE", "SET ROLE desk_owner",
        (
            "CREATE OR REPLACE FUNCTION public.approvals_votes_suffice(request uuid)"
            " RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        ),
    ):  # fmt: skip
        refused("must be owner|permission denied", statement)
