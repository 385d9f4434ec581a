"""Keep entries out of an account whose books differ from the venue's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from apps.core.actor import Actor
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.reconciliation.domain.differences import Difference
from apps.risk.actions.restrict import restrict

# Proved by one look: an id without our mark, a fill of an order that is not ours, a cancel that
# nobody here asked for.
AT_ONCE: Final = frozenset({"foreign_order", "foreign_fill", "foreign_cancel"})
FOREIGN: Final = AT_ONCE | {"foreign_position"}
RECONCILER: Final = Actor.task("reconciliation")


def block_entries(*, account_id: UUID, differences: Sequence[Difference]) -> None:
    """Set the account reducing for what speaks against new positions.

    Foreign activity stays until a person lifts it; any other critical difference until both
    comparisons are clean again.
    """
    foreign = sorted(d.subject for d in differences if d.kind in FOREIGN)
    if foreign:
        restrict(
            actor=RECONCILER,
            scope_kind="account",
            scope_id=str(account_id),
            state="reducing",
            code="FOREIGN_ACTIVITY",
            reason=f"not ours at the venue: {', '.join(foreign[:3])}",
        )
    critical = [d for d in differences if d.severity == "critical" and d.kind not in FOREIGN]
    if critical:
        words = ", ".join(f"{d.kind} {d.subject}" for d in critical[:3])
        require_reconciliation(
            actor=RECONCILER, account_ids=[account_id], reason=f"books differ: {words}"
        )
