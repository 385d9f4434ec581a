"""Lift a restriction."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.risk.actions.restrict import notify
from apps.risk.models import Restriction

SELF_LIFTING: Final = frozenset({"NOT_RECONCILED", "UNKNOWN_ORDER"})


class LiftsItself(Conflict):
    """Only the comparison of the books ends this restriction, not a person's word."""

    default_code = "LIFTS_ITSELF"


class HaltNeedsRelease(Conflict):
    """A halt ends by `supervision.actions.release_halt`, which looks at its runs first."""

    default_code = "HALT_NEEDS_RELEASE"


def lift(
    *, actor: Actor, restriction_id: UUID, reason: str, halt_is_over: bool = False
) -> Restriction:
    """Close a restriction; lifting it twice changes nothing the second time.

    A halted scope needs `halt_is_over`: the caller's word that every run of it was verified.

    :raises NotFound: no such restriction.
    :raises HaltNeedsRelease: a halt without the re-check.
    :raises LiftsItself: a person would lift NOT_RECONCILED.
    :raises InvalidInput: without a reason.
    """
    if not reason.strip():
        raise InvalidInput("REASON_REQUIRED", field="reason")
    with transaction.atomic():
        found = Restriction.objects.select_for_update().filter(id=restriction_id).first()
        if found is None:
            raise NotFound("RESTRICTION_NOT_FOUND", restriction=str(restriction_id))
        if found.lifted_at is not None:
            return found
        if found.state == "halted" and not halt_is_over:
            raise HaltNeedsRelease(restriction=str(restriction_id), restriction_code=found.code)
        if found.code in SELF_LIFTING and actor.kind != "task":
            raise LiftsItself(restriction=str(restriction_id), restriction_code=found.code)
        verb = "halt.release" if found.state == "halted" else "restriction.lift"
        with acting(actor=actor, verb=verb, reason=reason):
            found.lifted_at, found.lifted_by, found.lift_reason = now(), actor.name, reason
            found.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        notify(found)
    return found
