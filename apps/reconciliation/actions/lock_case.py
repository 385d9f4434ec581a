"""Find a case for an act on it, and write down that it happened."""

from __future__ import annotations

from uuid import UUID

from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.reconciliation.models import Case, CaseEvent


class CaseNotFound(NotFound):
    """There is no such case."""

    default_code = "CASE_NOT_FOUND"


class CaseClosed(Conflict):
    """The case is over: healed, or resolved by somebody."""

    default_code = "CASE_CLOSED"


def lock_case(*, case_id: UUID) -> Case:
    """Return the open case locked for the rest of the transaction.

    :raises CaseNotFound: when there is none.
    :raises CaseClosed: when it is over.
    """
    found = Case.objects.select_for_update().filter(id=case_id).first()
    if found is None:
        raise CaseNotFound(case=str(case_id))
    if found.state != "open":
        raise CaseClosed(case=str(case_id), state=found.state)
    return found


def tell(*, case: Case, actor: Actor, verb: str, text: str) -> None:
    """Leave the act in the case's own story and in the audit, in the caller's transaction."""
    CaseEvent.objects.create(case=case, at=now(), actor=actor.name, verb=verb, text=text)
    subject = ("reconciliation_case", str(case.id), f"{case.kind} {case.subject}"[:120])
    record(
        actor=actor, verb=f"case.{verb}", subject=subject, reason=text, after={"state": case.state}
    )


def demand_reason(reason: str) -> str:
    """Return the reason without blanks around it.

    :raises InvalidInput: `REASON_REQUIRED` when nothing is left.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    return reason.strip()


def end_case(*, case: Case, actor: Actor, verb: str, resolution: str) -> None:
    """Close the case as resolved, in the caller's transaction."""
    case.state, case.closed_at = "resolved", now()
    case.resolution, case.resolved_by = resolution, actor.name
    case.save(
        update_fields=["state", "closed_at", "resolution", "resolved_by", "change_request_id"]
    )
    tell(case=case, actor=actor, verb=verb, text=resolution)
