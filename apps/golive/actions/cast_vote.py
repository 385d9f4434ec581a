"""Vote on a change request with its content and its gates measured again."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.approvals.actions.void import void
from apps.approvals.actions.vote import Ballot, check_ballot, vote
from apps.approvals.domain.refusals import ContentChanged
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.golive.actions.apply_approved import apply_approved
from apps.golive.actions.build_content import drift
from apps.golive.actions.check_gates import check_gates
from apps.golive.domain.gates import not_passed

APPLIER = Actor.task("golive.apply_approved")


class GatesNotPassed(Conflict):
    """Nobody approves what would fail when it is applied; `gates` names what does not pass."""

    default_code = "GATES_NOT_PASSED"


def cast_vote(*, actor: Actor, user: User, ballot: Ballot) -> ChangeRequest:
    """Record the vote, and apply the request when it was the last one needed.

    A content that has changed voids the request; gates that do not pass refuse an approval and
    stay as evidence.

    :raises RequestClosed, VoteRefused: as `approvals.actions.vote`.
    :raises ContentChanged: the request is void now.
    :raises GatesNotPassed: the vote is not recorded.
    """
    with transaction.atomic():
        request = lock_request(ballot.request_id)
        check_ballot(actor=actor, user=user, request=request, ballot=ballot)
        changed, missing = drift(request), []
        if changed is not None:
            void(actor=actor, request_id=request.pk, actual_hash=changed)
        else:
            missing = not_passed(check_gates(request=request, moment="vote"))
            if ballot.decision == "reject" or not missing:
                request = vote(actor=actor, user=user, ballot=ballot)
    if changed is not None:
        raise ContentChanged(request=request.reference, shown=request.content_hash, actual=changed)
    if ballot.decision == "approve" and missing:
        raise GatesNotPassed(request=request.reference, gates=missing)
    if request.state == "approved":
        request = apply_approved(request_id=request.pk, actor=APPLIER)
    return request
