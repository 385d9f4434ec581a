"""The approved request that an adjustment of the books demands."""

from __future__ import annotations

from uuid import UUID

from apps.approvals.actions.prove import being_applied, demand_same
from apps.approvals.models import ChangeRequest
from apps.reconciliation.actions.lock_case import lock_case
from apps.reconciliation.domain.adjustments import ADOPT, WRITE_OFF
from apps.reconciliation.models import Case
from apps.reconciliation.queries.adjustments import adopt_content, write_off_content


def prove(*, proof: ChangeRequest | None, kind: str) -> tuple[Case, ChangeRequest]:
    """Return the locked case and the stored request, when it is applying exactly this.

    :raises RequiresChangeRequest: without a proof.
    :raises ProofMismatch: it is for something else, or the case has changed since.
    :raises CaseNotFound, CaseClosed: see `lock_case`.
    """
    stored = being_applied(proof=proof, kind=kind)
    case = lock_case(case_id=UUID(stored.content["case_id"]))
    if kind == WRITE_OFF:
        wanted = write_off_content(case=case)
    else:
        assert kind == ADOPT
        wanted = adopt_content(case=case, bot_id=UUID(stored.content["bot_id"]))
    demand_same(request=stored, content=wanted, case=str(case.id))
    return case, stored
