"""Let an account trade again once its books were found equal."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from apps.core.actor import Actor
from apps.reconciliation.models import Case, Comparison
from apps.reconciliation.queries.accounts import kinds_to_lift
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction

CODE: Final = "NOT_RECONCILED"
RECONCILER: Final = Actor.task("reconciliation")


def lift_reconciled(*, account_id: UUID) -> bool:
    """Lift NOT_RECONCILED when all that the account needs was clean since it was set.

    Orders and balances, and positions where it trades perpetuals. An open critical case keeps it. Returns whether it was lifted.
    """
    found = Restriction.objects.filter(
        scope_kind="account", scope_id=str(account_id), code=CODE, lifted_at=None
    ).first()
    if found is None:
        return False
    kinds = set(
        Comparison.objects.filter(
            account_id=account_id, is_clean=True, started_at__gte=found.set_at
        ).values_list("kind", flat=True)
    )
    critical = Case.objects.filter(account_id=account_id, state="open", severity="critical")
    needed = kinds_to_lift(account_id=account_id)
    if not needed <= kinds or critical.exists():
        return False
    lift(actor=RECONCILER, restriction_id=found.id, reason=f"equal: {', '.join(sorted(needed))}")
    return True
