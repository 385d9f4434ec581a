"""Change requests: finding, locking, who may vote."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.domain.roles import VOTER_ROLES
from apps.accounts.models import User
from apps.accounts.queries import people_with, roles_of
from apps.approvals.domain.refusals import RequestNotFound
from apps.approvals.domain.states import OPEN
from apps.approvals.models import ChangeRequest, ContentEdit, Vote


def requests(
    *, states: Sequence[str] = (), subject: tuple[str, str] | None = None
) -> QuerySet[ChangeRequest]:
    """Return requests, newest first, with requester and votes; `subject` is (type, id)."""
    found = ChangeRequest.objects.select_related("requested_by").prefetch_related("votes__user")
    if states:
        found = found.filter(state__in=states)
    if subject:
        found = found.filter(subject_type=subject[0], subject_id=subject[1])
    return found


def request_by_number(number: int) -> ChangeRequest:
    """Return the request that people call CR-`number`.

    :raises RequestNotFound: when there is none.
    """
    found = requests().filter(number=number).first()
    if found is None:
        raise RequestNotFound(number=number)
    return found


def waiting_for(user: User) -> QuerySet[ChangeRequest]:
    """Return the requests in review that `user` may still vote on; the vote permission aside."""
    edited = ContentEdit.objects.filter(request=OuterRef("pk"), user=user)
    voted = Vote.objects.filter(request=OuterRef("pk"), user=user)
    return (
        requests(states=["in_review"])
        .exclude(requested_by=user)
        .exclude(Exists(edited))
        .exclude(Exists(voted))
    )


def open_request_for(*, kind: str, subject_id: str) -> ChangeRequest | None:
    """Return the open request of a kind for one subject; there is at most one."""
    found = ChangeRequest.objects.filter(kind=kind, subject_id=subject_id, state__in=OPEN)
    return found.first()


def lock_request(request_id: UUID) -> ChangeRequest:
    """Return the request locked for the rest of the transaction.

    :raises RequestNotFound: when there is none.
    """
    found = ChangeRequest.objects.select_for_update().filter(pk=request_id).first()
    if found is None:
        raise RequestNotFound(request=str(request_id))
    return found


def editor_ids(request: ChangeRequest) -> frozenset[UUID]:
    """Return who wrote or edited any part of the content, the requester included."""
    edits = ContentEdit.objects.filter(request=request).values_list("user_id", flat=True)
    return frozenset({request.requested_by_id, *edits})


def voting_role(user: User) -> str | None:
    """Return the role in which the user would vote, or None when no role of theirs votes."""
    return next((role for role in roles_of(user) if role in VOTER_ROLES), None)


def who_can_vote(request: ChangeRequest) -> list[User]:
    """Return the people who may still vote on the request, by name."""
    barred = editor_ids(request) | set(request.votes.values_list("user_id", flat=True))
    return [user for user in people_with("vote") if user.pk not in barred]


def expired(*, at: object) -> list[UUID]:
    """Return the ids of requests that still wait although they expired before `at`, oldest first."""
    waiting = ChangeRequest.objects.filter(state__in=["in_review", "approved"], expires_at__lte=at)
    return list(waiting.order_by("number").values_list("id", flat=True))
