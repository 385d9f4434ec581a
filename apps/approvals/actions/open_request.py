"""Open a change request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.accounts.models import User
from apps.approvals.actions.close import close
from apps.approvals.domain.content import canonical, content_hash
from apps.approvals.domain.policies import policy_for
from apps.approvals.models import ChangeRequest, ContentEdit
from apps.approvals.queries import editor_ids, lock_request, open_request_for
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput


class RequestOpen(Conflict):
    """There is already an open request of this kind for this subject."""

    default_code = "REQUEST_ALREADY_OPEN"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked for. `subject` is (type, id, name); `editors` maps user → what they wrote."""

    kind: str
    subject: tuple[str, str, str]
    title: str
    content: dict[str, Any]
    before: dict[str, Any]
    reason: str
    real_money: bool
    editors: dict[UUID, str] = field(default_factory=dict)


def open_request(
    *, actor: Actor, user: User, proposal: Proposal, replaces: UUID | None = None
) -> ChangeRequest:
    """Open the request with its canonical content, its hash and what its policy demands.

    Editing is replacing: the request named by `replaces` is withdrawn in the same transaction,
    and everyone who wrote any part of it counts as an editor of the new one.

    :raises InvalidInput: `REASON_MISSING`, `CHANGE_KIND_UNKNOWN`, `CONTENT_NOT_CANONICAL`.
    :raises RequestOpen: when another request for this is open.
    """
    if not proposal.reason.strip():
        raise InvalidInput("REASON_MISSING", field="reason")
    with transaction.atomic():
        editors = dict(proposal.editors)
        if replaces is not None:
            for editor in editor_ids(lock_request(replaces)):
                editors.setdefault(editor, "an earlier request")
            close(actor=actor, request_id=replaces, state="withdrawn", reason="replaced")
        _refuse_second(proposal)
        with acting(actor=actor, verb="change.open", reason=proposal.reason):
            request = _insert(user=user, proposal=proposal)
            ContentEdit.objects.bulk_create(
                ContentEdit(request=request, user_id=editor, what=what[:120], at=request.created_at)
                for editor, what in sorted(editors.items())
            )
    ring_after_commit("approvals")
    return request


def _insert(*, user: User, proposal: Proposal) -> ChangeRequest:
    policy = policy_for(kind=proposal.kind, real_money=proposal.real_money)
    content = canonical(proposal.content)
    subject_type, subject_id, subject_name = proposal.subject
    moment = now()
    return ChangeRequest.objects.create(
        number=_next_number(),
        kind=proposal.kind,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_name=subject_name[:120],
        title=proposal.title[:160],
        content=content,
        content_hash=content_hash(content),
        before=canonical(proposal.before),
        reason=proposal.reason.strip(),
        real_money=proposal.real_money,
        approvals_needed=policy.approvals,
        roles_needed=list(policy.roles),
        requested_by=user,
        created_at=moment,
        expires_at=moment + policy.expiry,
    )


def _refuse_second(proposal: Proposal) -> None:
    # Two proposers at once: the lock orders them, so that the second one gets a sentence.
    with connection.cursor() as cursor:
        key = f"change:{proposal.kind}:{proposal.subject[1]}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    found = open_request_for(kind=proposal.kind, subject_id=proposal.subject[1])
    if found is not None:
        raise RequestOpen(request=found.reference, state=found.state)


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('approvals_number')")
        return int(cursor.fetchone()[0])
