"""Vote on a change request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.queries import permissions_for
from apps.approvals.domain.policies import suffices
from apps.approvals.domain.refusals import RequestClosed, VoteRefused
from apps.approvals.models import ChangeRequest, ContentEdit, Vote
from apps.approvals.queries import lock_request, voting_role
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now


@dataclass(frozen=True, slots=True)
class Ballot:
    """One person's decision on the content hash that their page showed."""

    request_id: UUID
    decision: Literal["approve", "reject"]
    comment: str
    content_hash: str


def vote(*, actor: Actor, user: User, ballot: Ballot) -> ChangeRequest:
    """Record the vote of `user`; the last one needed makes the request approved, a reject ends it.

    :raises RequestClosed: it is not in review, or its time is over.
    :raises VoteRefused: `VOTE_NEEDS_COMMENT`, `VOTE_CONTENT_MISMATCH`, `VOTE_BY_REQUESTER`,
        `VOTE_BY_EDITOR`, `VOTE_BY_MACHINE`, `VOTE_NO_ROLE` or `VOTE_TWICE`.
    """
    with transaction.atomic():
        request = lock_request(ballot.request_id)
        moment = now()
        role = check_ballot(actor=actor, user=user, request=request, ballot=ballot)
        verb, number = f"change.{ballot.decision}", str(request.id)
        with acting(actor=actor, verb=verb, reason=ballot.comment, change_request=number):
            Vote.objects.create(
                request=request, user=user, role=role, decision=ballot.decision, at=moment,
                comment=ballot.comment.strip(), content_hash=ballot.content_hash,
            )  # fmt: skip
            _step(request)
    ring_after_commit("approvals")
    return request


def check_ballot(*, actor: Actor, user: User, request: ChangeRequest, ballot: Ballot) -> str:
    """Return the role in which the user votes; the request must be locked.

    :raises RequestClosed, VoteRefused: as `vote`.
    """
    if request.state != "in_review" or request.expires_at <= now():
        raise RequestClosed(request=request.reference, state=request.state)
    role = voting_role(user)
    is_person = actor.kind == "person" and actor.id == str(user.pk) and not user.is_machine
    edits = ContentEdit.objects.filter(request=request, user=user)
    refusals = {
        "VOTE_BY_MACHINE": not is_person,
        "VOTE_BY_REQUESTER": request.requested_by_id == user.pk,
        "VOTE_BY_EDITOR": edits.exists(),
        "VOTE_NO_ROLE": role is None or "vote" not in permissions_for(user),
        "VOTE_TWICE": Vote.objects.filter(request=request, user=user).exists(),
        "VOTE_NEEDS_COMMENT": not ballot.comment.strip(),
        "VOTE_CONTENT_MISMATCH": ballot.content_hash != request.content_hash,
    }
    for code, refused in refusals.items():
        if refused:
            raise VoteRefused(code, request=request.reference, user=user.username)
    assert role is not None
    return role


def _step(request: ChangeRequest) -> None:
    votes = list(Vote.objects.filter(request=request).values_list("decision", "role"))
    if any(decision == "reject" for decision, _ in votes):
        request.state, request.closed_at, request.closed_reason = "rejected", now(), "rejected"
        request.save(update_fields=["state", "closed_at", "closed_reason"])
        return
    roles = [role for _, role in votes]
    if suffices(approving_roles=roles, needed=request.approvals_needed, roles=request.roles_needed):
        request.state, request.approved_at = "approved", now()
        request.save(update_fields=["state", "approved_at"])
