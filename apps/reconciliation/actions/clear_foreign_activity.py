"""Let an account enter again after somebody traded it by hand."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.errors import Conflict, NotFound
from apps.reconciliation.actions.block_entries import FOREIGN
from apps.reconciliation.models import Case, Comparison
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction

CODE: Final = "FOREIGN_ACTIVITY"


class StillForeign(Conflict):
    """Foreign cases are open, or the books were not compared clean since."""

    default_code = "STILL_FOREIGN"


def foreign_restriction(account_id: UUID) -> Restriction | None:
    """Return the FOREIGN_ACTIVITY restriction in force on an account."""
    return Restriction.objects.filter(
        scope_kind="account", scope_id=str(account_id), code=CODE, lifted_at=None
    ).first()


def check_clear(account_id: UUID) -> None:
    """Allow to lift FOREIGN_ACTIVITY.

    :raises StillForeign: `open` foreign cases, or no clean comparison of orders since the last one.
    """
    cases = Case.objects.filter(account_id=account_id, kind__in=FOREIGN)
    if open_ones := cases.filter(state="open").count():
        raise StillForeign(open=open_ones)
    last = cases.order_by("-closed_at").values_list("closed_at", flat=True).first()
    clean = Comparison.objects.filter(account_id=account_id, kind="orders", is_clean=True)
    if last is not None and not clean.filter(finished_at__gt=last).exists():
        raise StillForeign(message="Wait for the next clean comparison of orders.")


def clear_foreign_activity(*, actor: Actor, account_id: UUID, reason: str) -> Restriction:
    """Lift FOREIGN_ACTIVITY once every foreign case is settled and the orders compared clean.

    :raises NotFound: `NOT_RESTRICTED`.
    :raises StillForeign: see `check_clear`.
    """
    found = foreign_restriction(account_id)
    if found is None:
        raise NotFound("NOT_RESTRICTED", account=str(account_id), restriction=CODE)
    check_clear(account_id)
    lifted = lift(actor=actor, restriction_id=found.id, reason=reason)
    ring_after_commit("reconcile", "risk", "fleet")
    return lifted
