"""Write a comment on a case."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.reconciliation.actions.lock_case import CaseNotFound, demand_reason, tell
from apps.reconciliation.models import Case


def comment_case(*, actor: Actor, case_id: UUID, text: str) -> Case:
    """Add a comment; closed cases take comments, too.

    :raises CaseNotFound: when there is none.
    :raises InvalidInput: `REASON_REQUIRED` without a text.
    """
    words = demand_reason(text)
    with transaction.atomic():
        case = Case.objects.filter(id=case_id).first()
        if case is None:
            raise CaseNotFound(case=str(case_id))
        tell(case=case, actor=actor, verb="comment", text=words)
        ring_after_commit("reconcile")
    return case
