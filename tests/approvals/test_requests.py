"""Change requests and votes, as people use them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from apps.approvals.actions.begin_apply import begin_apply
from apps.approvals.actions.close import close
from apps.approvals.actions.finish_apply import finish_apply
from apps.approvals.actions.open_request import RequestOpen, open_request
from apps.approvals.actions.void import void
from apps.approvals.actions.vote import Ballot, vote
from apps.approvals.actions.withdraw import NotYours, withdraw
from apps.approvals.domain.content import content_hash
from apps.approvals.domain.policies import POLICIES, policy_for, suffices
from apps.approvals.domain.refusals import RequestClosed, RequestNotFound, VoteRefused
from apps.approvals.models import ChangeRequest, Vote
from apps.approvals.queries import editor_ids, request_by_number, waiting_for, who_can_vote
from apps.approvals.tasks import expire_requests
from apps.audit.models import AuditEvent
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput
from tests.approvals.people import actor, person, proposal

pytestmark = pytest.mark.django_db


def opened(user, **values) -> ChangeRequest:
    return open_request(actor=actor(user), user=user, proposal=proposal(**values))


def ballot(request: ChangeRequest, decision: str = "approve", **values) -> Ballot:
    defaults = {"comment": "looked at it", "content_hash": request.content_hash}
    return Ballot(request_id=request.pk, decision=decision, **defaults | values)


def test_policies_ask_for_two_people_on_real_money_and_a_risk_manager_always() -> None:
    assert {key: p.approvals for key, p in POLICIES.items()} == {
        ("bot.promote", False): 1,
        ("bot.promote", True): 2,
        ("limit.raise", False): 1,
        ("limit.raise", True): 2,
        # besides the person who asks for it
        ("order.manual_entry", True): 1,
        ("reconciliation.adopt", False): 1,
        ("reconciliation.adopt", True): 2,
        ("reconciliation.write_off", False): 1,
        ("reconciliation.write_off", True): 2,
    }
    assert all("risk_manager" in policy.roles for policy in POLICIES.values())
    at_once = policy_for(kind="order.manual_entry", real_money=True)
    assert at_once.expiry == timedelta(minutes=15)
    assert {p.expiry for p in POLICIES.values() if p != at_once} == {timedelta(hours=24)}
    with pytest.raises(InvalidInput, match="CHANGE_KIND_UNKNOWN"):
        policy_for(kind="bot.delete", real_money=True)


def test_enough_votes_without_the_needed_role_do_not_suffice() -> None:
    assert not suffices(approving_roles=["operator", "operator"], needed=2, roles=["risk_manager"])
    assert not suffices(approving_roles=["risk_manager"], needed=2, roles=["risk_manager"])
    assert suffices(approving_roles=["risk_manager"] * 2, needed=2, roles=["risk_manager"])


def test_a_request_carries_its_content_hash_policy_and_expiry(sam) -> None:
    request = opened(sam)
    assert request.content_hash == content_hash(request.content)
    assert (request.state, request.approvals_needed) == ("in_review", 1)
    assert request.expires_at - request.created_at == timedelta(hours=24)
    assert request_by_number(request.number) == request
    event = AuditEvent.objects.get(object_type="approvals_changerequest")
    assert (event.verb, event.actor_name, event.reason) == ("change.open", "sam", "more room")


def test_a_request_needs_a_reason(sam) -> None:
    with pytest.raises(InvalidInput, match="REASON_MISSING"):
        opened(sam, reason="  ")
    assert not ChangeRequest.objects.exists()


def test_there_is_one_open_request_for_a_subject(sam) -> None:
    first = opened(sam)
    with pytest.raises(RequestOpen) as refused:
        opened(sam)
    assert refused.value.context["request"] == first.reference
    withdraw(actor=actor(sam), user=sam, request_id=first.pk, reason="not now")
    assert opened(sam).number > first.number


def test_editing_replaces_the_request_and_carries_its_editors(sam, rita) -> None:
    first = opened(sam, editors={rita.pk: "limit"})
    sue = person("sue", "strategist")
    content = first.content | {"value": "150"}
    second = open_request(
        actor=actor(sue), user=sue, proposal=proposal(content=content), replaces=first.pk
    )
    first.refresh_from_db()
    assert (first.state, first.closed_reason) == ("withdrawn", "replaced")
    assert editor_ids(second) == {sam.pk, rita.pk, sue.pk}
    with pytest.raises(VoteRefused, match="VOTE_BY_EDITOR"):
        vote(actor=actor(rita), user=rita, ballot=ballot(second))


def test_one_vote_on_paper_approves(sam, rita) -> None:
    request = opened(sam)
    vote(actor=actor(rita), user=rita, ballot=ballot(request))
    request.refresh_from_db()
    assert request.state == "approved"
    stored = Vote.objects.get()
    assert (stored.role, stored.comment, stored.content_hash) == (
        "risk_manager", "looked at it", request.content_hash,
    )  # fmt: skip


def test_real_money_takes_two_different_people(sam, rita, ron) -> None:
    request = opened(sam, real_money=True)
    assert request.approvals_needed == 2
    assert vote(actor=actor(rita), user=rita, ballot=ballot(request)).state == "in_review"
    with pytest.raises(VoteRefused, match="VOTE_TWICE"):
        vote(actor=actor(rita), user=rita, ballot=ballot(request))
    assert who_can_vote(request) == [ron]
    assert vote(actor=actor(ron), user=ron, ballot=ballot(request)).state == "approved"


def test_a_rejection_is_final(sam, rita, ron) -> None:
    request = opened(sam, real_money=True)
    vote(actor=actor(rita), user=rita, ballot=ballot(request))
    assert vote(actor=actor(ron), user=ron, ballot=ballot(request, "reject")).state == "rejected"
    third = person("rex", "risk_manager")
    with pytest.raises(RequestClosed):
        vote(actor=actor(third), user=third, ballot=ballot(request))


@pytest.mark.parametrize(
    ("who", "values", "code"),
    [
        ("requester", {}, "VOTE_BY_REQUESTER"),
        ("editor", {}, "VOTE_BY_EDITOR"),
        ("administrator", {}, "VOTE_NO_ROLE"),
        ("strategist", {}, "VOTE_NO_ROLE"),
        ("operator", {}, "VOTE_NO_ROLE"),
        ("auditor", {}, "VOTE_NO_ROLE"),
        ("viewer", {}, "VOTE_NO_ROLE"),
        ("superuser", {}, "VOTE_NO_ROLE"),
        ("voter", {"comment": " "}, "VOTE_NEEDS_COMMENT"),
        ("voter", {"content_hash": "0" * 64}, "VOTE_CONTENT_MISMATCH"),
    ],
)
def test_who_may_not_vote_is_told_why_and_leaves_no_vote(who, values, code) -> None:
    requester = person("requester", "risk_manager")
    editor = person("editor", "risk_manager")
    roles = {
        "requester": ["risk_manager"],
        "editor": ["risk_manager"],
        "voter": ["risk_manager"],
        "superuser": [],
    }
    user = person(who, *roles.get(who, [who]))
    if who == "superuser":
        user.is_superuser = user.is_staff = True
        user.save()
    request = opened(requester, editors={editor.pk: "config version 1"})
    with pytest.raises(VoteRefused) as refused:
        vote(actor=actor(user), user=user, ballot=ballot(request, **values))
    assert refused.value.code == code
    assert not Vote.objects.exists()
    request.refresh_from_db()
    assert request.state == "in_review"


def test_a_token_never_votes_even_for_a_voter(sam, rita) -> None:
    request = opened(sam)
    token = Actor(kind="token", id=str(rita.pk), name="rita/ci")
    with pytest.raises(VoteRefused, match="VOTE_BY_MACHINE"):
        vote(actor=token, user=rita, ballot=ballot(request))


def test_nobody_votes_in_anothers_name(sam, rita, ron) -> None:
    request = opened(sam)
    with pytest.raises(VoteRefused):
        vote(actor=actor(rita), user=ron, ballot=ballot(request))


def test_waiting_for_me_leaves_out_mine_edited_and_voted(sam, rita, ron) -> None:
    request = opened(sam, real_money=True, editors={ron.pk: "limit"})
    assert list(waiting_for(rita)) == [request]
    assert not waiting_for(sam)
    assert not waiting_for(ron)
    vote(actor=actor(rita), user=rita, ballot=ballot(request))
    assert not waiting_for(rita)


def test_only_the_requester_withdraws(sam, rita) -> None:
    request = opened(sam)
    with pytest.raises(NotYours):
        withdraw(actor=actor(rita), user=rita, request_id=request.pk, reason="no")
    withdraw(actor=actor(sam), user=sam, request_id=request.pk, reason="no")
    with pytest.raises(RequestClosed):
        withdraw(actor=actor(sam), user=sam, request_id=request.pk, reason="again")


def test_a_request_expires_and_takes_no_vote_after_that(sam, rita, monkeypatch) -> None:
    yesterday = now() - timedelta(hours=25)
    monkeypatch.setattr("apps.approvals.actions.open_request.now", lambda: yesterday)
    request = opened(sam)
    with pytest.raises(RequestClosed):
        vote(actor=actor(rita), user=rita, ballot=ballot(request))
    expire_requests()
    request.refresh_from_db()
    assert request.state == "expired"
    expire_requests()
    assert AuditEvent.objects.filter(verb="change.expired").count() == 1


def test_a_changed_content_voids_for_good(sam, rita) -> None:
    request = opened(sam)
    void(actor=actor(sam), request_id=request.pk, actual_hash="f" * 64)
    request.refresh_from_db()
    assert (request.state, request.closed_reason) == (
        "voided",
        f"the content changed (now {'f' * 12})",
    )
    with pytest.raises(RequestClosed):
        close(actor=actor(sam), request_id=request.pk, state="withdrawn", reason="")


def test_applying_needs_approval_and_ends_once(sam, rita) -> None:
    request = opened(sam)
    with pytest.raises(RequestClosed):
        begin_apply(actor=actor(sam), request_id=request.pk)
    vote(actor=actor(rita), user=rita, ballot=ballot(request))
    assert begin_apply(actor=actor(sam), request_id=request.pk).state == "applying"
    assert finish_apply(actor=actor(sam), request_id=request.pk).state == "applied"
    with pytest.raises(RequestClosed):
        finish_apply(actor=actor(sam), request_id=request.pk)


def test_an_unknown_request_says_so(rita) -> None:
    with pytest.raises(RequestNotFound):
        vote(
            actor=actor(rita), user=rita,
            ballot=Ballot(request_id=rita.pk, decision="approve", comment="x", content_hash=""),
        )  # fmt: skip
    with pytest.raises(RequestNotFound):
        request_by_number(999)


@pytest.mark.django_db(transaction=True)
def test_voters_and_the_requester_at_once_end_in_one_state() -> None:
    sam, voters = person("sam", "strategist"), [person(f"r{n}", "risk_manager") for n in range(3)]
    request = opened(sam)
    start, codes = threading.Barrier(4), []

    def attempt(do) -> None:
        start.wait()
        try:
            do()
            codes.append("done")
        except (RequestClosed, VoteRefused) as refused:
            codes.append(refused.code)
        finally:
            connections.close_all()

    acts = [
        lambda user=user: vote(actor=actor(user), user=user, ballot=ballot(request))
        for user in voters
    ]
    acts.append(lambda: close(actor=actor(sam), request_id=request.pk, state="voided", reason="x"))
    threads = [threading.Thread(target=attempt, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    request.refresh_from_db()
    # one vote may come before the void; nothing gets through after it, and never a second one
    assert request.state == "voided"
    assert Vote.objects.count() == codes.count("done") - 1 <= 1
    assert codes.count("done") + codes.count("REQUEST_CLOSED") == 4
