"""The approved request that an adjustment of the books demands."""

from __future__ import annotations

from uuid import UUID

from apps.approvals.domain.content import canonical, content_hash
from apps.approvals.models import ChangeRequest
from apps.core.errors import NotPermitted, RequiresChangeRequest
from apps.reconciliation.actions.lock_case import lock_case
from apps.reconciliation.domain.adjustments import ADOPT, WRITE_OFF
from apps.reconciliation.models import Case
from apps.reconciliation.queries.adjustments import adopt_content, write_off_content


class ProofMismatch(NotPermitted):
    """The change request does not say exactly this, or is not being applied."""

    default_code = "PROOF_MISMATCH"


def prove(*, proof: ChangeRequest | None, kind: str) -> tuple[Case, ChangeRequest]:
    """Return the locked case and the stored request, when it is applying exactly this.

    :raises RequiresChangeRequest: without a proof.
    :raises ProofMismatch: it is for something else, or the case has changed since.
    :raises CaseNotFound, CaseClosed: see `lock_case`.
    """
    if proof is None:
        raise RequiresChangeRequest(kind=kind)
    # read again under lock: the object handed in may be stale or made up
    stored = ChangeRequest.objects.select_for_update().filter(id=proof.id).first()
    if stored is None or (stored.kind, stored.state) != (kind, "applying"):
        raise ProofMismatch(request=str(proof.id), kind=kind)
    case = lock_case(case_id=UUID(stored.content["case_id"]))
    if kind == WRITE_OFF:
        wanted = write_off_content(case=case)
    else:
        assert kind == ADOPT
        wanted = adopt_content(case=case, bot_id=UUID(stored.content["bot_id"]))
    is_same = canonical(wanted) == stored.content
    if not is_same or content_hash(stored.content) != stored.content_hash:
        raise ProofMismatch(request=str(proof.id), case=str(case.id))
    return case, stored
