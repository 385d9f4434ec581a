"""Take a case, so that others see who works on it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.reconciliation.actions.lock_case import lock_case, tell
from apps.reconciliation.models import Case


def take_case(*, actor: Actor, case_id: UUID) -> Case:
    """Make the actor the owner; taking one's own case again changes nothing.

    :raises CaseNotFound, CaseClosed: see `lock_case`.
    """
    with transaction.atomic():
        case = lock_case(case_id=case_id)
        if case.owner != actor.name:
            before, case.owner = case.owner, actor.name
            case.save(update_fields=["owner"])
            tell(case=case, actor=actor, verb="take", text=f"from {before}" if before else "")
            ring_after_commit("reconcile")
    return case
