"""Compare an account's orders and fills with the venue's."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from apps.reconciliation.actions.block_entries import AT_ONCE, block_entries
from apps.reconciliation.actions.look_at_orders import Look, look_at_orders
from apps.reconciliation.actions.run_pass import run_pass
from apps.reconciliation.actions.settle_cases import record_healed, resolved_keys, settle_cases
from apps.reconciliation.actions.verify_trips import verify_trips
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.models import Case, Comparison

KINDS: Final = frozenset(
    {
        "unknown_order", "foreign_order", "foreign_fill", "foreign_cancel", "status", "amount",
        "fee", "unprotected", "liquidation", "lost_order",
    }
)  # fmt: skip
SECOND_LOOK_SECONDS: Final = 2.0


def reconcile_orders(*, account_id: UUID) -> Comparison | None:
    """Run one pass and return it; None when another process is comparing this account.

    What the venue proves of our own orders heals by itself. Any other difference becomes a case
    when it is still there 2 s later; foreign activity at once, and it sets the account reducing.
    """
    done = run_pass(account_id=account_id, kind="orders", compare=_compare)
    if done is not None and done.is_clean:
        verify_trips(comparison=done)
    return done


def _compare(comparison: Comparison) -> None:
    account_id = comparison.account_id
    first = look_at_orders(account_id=account_id)
    look, differences = first, unresolved(account_id, first.differences)
    healed = first.healed
    if _new_doubts(account_id, differences):
        time.sleep(SECOND_LOOK_SECONDS)
        look = look_at_orders(account_id=account_id)
        keys = {difference.key for difference in differences}
        differences = [
            difference
            for difference in unresolved(account_id, look.differences)
            if difference.key in keys or difference.kind in AT_ONCE
        ]
        healed += look.healed
    comparison.opened = settle_cases(account_id=account_id, kinds=KINDS, differences=differences)
    record_healed(account_id=account_id, differences=first.late)
    block_entries(account_id=account_id, differences=differences)
    _sum_up(comparison, look, healed)
    comparison.is_clean = not differences and not look.findings.in_doubt


def _sum_up(comparison: Comparison, look: Look, healed: int) -> None:
    comparison.compared = look.findings.compared
    comparison.equal = look.findings.equal
    comparison.healed = healed


def unresolved(account_id: UUID, differences: list[Difference]) -> list[Difference]:
    """Return the differences that no person has resolved."""
    if not differences:
        return []
    resolved = resolved_keys(account_id=account_id, keys=[d.key for d in differences])
    return [difference for difference in differences if difference.key not in resolved]


def _new_doubts(account_id: UUID, differences: list[Difference]) -> bool:
    """Return whether something was found that needs a second look before it is called a case."""
    if not differences:
        return False
    open_ones = Case.objects.filter(account_id=account_id, state="open")
    known = set(open_ones.values_list("kind", "subject"))
    return any(d.key not in known and d.kind not in AT_ONCE for d in differences)
