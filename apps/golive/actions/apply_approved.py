"""Apply an approved change: the one way in which a request takes effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction

from apps.approvals.actions.begin_apply import begin_apply
from apps.approvals.actions.close import close
from apps.approvals.actions.finish_apply import finish_apply
from apps.approvals.actions.void import void
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now
from apps.core.domain.money import exact
from apps.core.errors import DeskError
from apps.golive.actions.build_content import drift
from apps.golive.actions.check_gates import check_gates
from apps.golive.actions.order_by_hand import place_agreed
from apps.golive.actions.promote import promote
from apps.golive.domain.gates import not_passed
from apps.ops.actions.take_backup import take_backup
from apps.reconciliation.actions.adopt import adopt
from apps.reconciliation.actions.write_off import write_off
from apps.reconciliation.domain.adjustments import ADOPT, WRITE_OFF
from apps.risk.actions.set_limit import set_limit
from apps.trading.domain.manual_entry import KIND


def _raise_limit(*, actor: Actor, proof: ChangeRequest) -> None:
    wanted = proof.content
    set_limit(
        actor=actor, scope_kind=wanted["scope_kind"], scope_id=wanted["scope_id"],
        name=wanted["name"], value=exact(wanted["value"]),
        reason=f"{proof.reference}: {proof.reason}", proof=proof,
    )  # fmt: skip


def _promote(*, actor: Actor, proof: ChangeRequest) -> None:
    promote(actor=actor, proof=proof)


def _adopt(*, actor: Actor, proof: ChangeRequest) -> None:
    adopt(actor=actor, proof=proof)


def _write_off(*, actor: Actor, proof: ChangeRequest) -> None:
    write_off(actor=actor, proof=proof)


# Kind of change → what applies it; each demands the request as proof.
APPLIERS: Final[dict[str, Callable[..., None]]] = {
    "bot.promote": _promote,
    "limit.raise": _raise_limit,
    KIND: place_agreed,
    ADOPT: _adopt,
    WRITE_OFF: _write_off,
}
# Kinds that change the books by hand: a backup of the moment before can show what they were.
BACKED_UP: Final = frozenset({ADOPT, WRITE_OFF})
BACKUP_REASON: Final = "before-adjustment"


def apply_approved(*, request_id: UUID, actor: Actor) -> ChangeRequest:
    """Apply the request if it is approved, in one transaction, and return it as it then stands.

    Expiry, content, votes and gates are checked again; what does not hold ends the request as
    expired, voided or failed with the reason. Run twice, it takes effect once. What changes the
    books is applied after a backup; without one it fails.

    :raises RequestNotFound: no such request.
    """
    unsaved = _back_up(request_id, actor)
    with transaction.atomic():
        request = lock_request(request_id)
        if request.state != "approved":
            return request
        if request.expires_at <= now():
            return close(actor=actor, request_id=request_id, state="expired", reason="too late")
        changed = drift(request)
        if changed is not None:
            return void(actor=actor, request_id=request_id, actual_hash=changed)
        try:
            request = begin_apply(actor=actor, request_id=request_id)
        except IntegrityError as error:
            reason = f"the votes no longer suffice ({_first_line(error)})"
            return close(actor=actor, request_id=request_id, state="voided", reason=reason)
        problem = unsaved or _apply(actor=actor, request=request)
        if problem is not None:
            return close(actor=actor, request_id=request_id, state="failed", reason=problem)
        ring_after_commit("approvals")
        return finish_apply(actor=actor, request_id=request_id)


def _back_up(request_id: UUID, actor: Actor) -> str | None:
    """Back up before books are changed, outside of any transaction; return why it failed, or None."""
    due = ChangeRequest.objects.filter(
        pk=request_id, state="approved", kind__in=BACKED_UP, expires_at__gt=now()
    )
    if not due.exists():
        return None
    try:
        take_backup(actor=actor, reason=BACKUP_REASON)
    except DeskError as error:
        return f"BACKUP_FAILED {error}"
    except (DatabaseError, OSError) as error:
        return f"BACKUP_FAILED {str(error).partition(chr(10))[0]}"
    return None


def _apply(*, actor: Actor, request: ChangeRequest) -> str | None:
    """Return why the change could not be made, with nothing of it left behind, or None."""
    missing = not_passed(check_gates(request=request, moment="apply"))
    if missing:
        return f"gates did not pass: {', '.join(missing)}"
    try:
        with transaction.atomic():
            APPLIERS[request.kind](actor=actor, proof=request)
    except DeskError as error:
        return str(error)
    except IntegrityError as error:
        return _first_line(error)
    return None


def _first_line(error: DatabaseError) -> str:
    return str(error).partition("\n")[0]
