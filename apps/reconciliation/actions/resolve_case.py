"""Resolve a case that tells of something that happened and that needs no change of the books."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.errors import Conflict
from apps.reconciliation.actions.lock_case import demand_reason, end_case, lock_case
from apps.reconciliation.actions.settle_cases import HEALING
from apps.reconciliation.models import Case

BY_WORD: Final = frozenset({"profit"})


class CaseHealsItself(Conflict):
    """Only the comparison ends this kind of case: when the difference is gone, it closes."""

    default_code = "CASE_HEALS_ITSELF"


def check_resolvable(kind: str) -> None:
    """Allow to end a case of this kind by word.

    :raises CaseHealsItself: for a difference that would be found again at once.
    """
    if kind in HEALING - BY_WORD:
        raise CaseHealsItself(kind=kind)


def resolve_case(*, actor: Actor, case_id: UUID, reason: str) -> Case:
    """Close the case with a reason; the same thing does not open one again.

    :raises CaseNotFound, CaseClosed: see `lock_case`.
    :raises CaseHealsItself: see `check_resolvable`.
    :raises InvalidInput: `REASON_REQUIRED`.
    """
    words = demand_reason(reason)
    with transaction.atomic():
        case = lock_case(case_id=case_id)
        check_resolvable(case.kind)
        end_case(case=case, actor=actor, verb="resolve", resolution=words)
        ring_after_commit("reconcile", "fleet")
    return case
