"""Compare an account's orders and fills with the venue's."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.portfolio.models import RoundTrip
from apps.reconciliation.actions.block_entries import FOREIGN, block_entries
from apps.reconciliation.actions.lift_reconciled import lift_reconciled
from apps.reconciliation.actions.look_at_orders import Look, look_at_orders
from apps.reconciliation.actions.pass_lock import pass_lock
from apps.reconciliation.actions.settle_cases import record_healed, resolved_keys, settle_cases
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.models import Case, Comparison
from apps.venues.gateways.errors import VenueError

log = structlog.get_logger(__name__)
KINDS: Final = frozenset(
    {"unknown_order", "foreign_order", "foreign_fill", "status", "amount", "unprotected"}
)
SECOND_LOOK_SECONDS: Final = 2.0


def reconcile_orders(*, account_id: UUID) -> Comparison | None:
    """Run one pass and return it; None when another process is comparing this account.

    What the venue proves of our own orders heals by itself. Any other difference becomes a case
    when it is still there 2 s later; foreign activity at once, and it sets the account reducing.
    """
    with pass_lock(account_id=account_id, kind="orders") as is_ours:
        if not is_ours:
            return None
        comparison = Comparison(
            account_id=account_id, kind="orders", started_at=now(), market_at=market_now()
        )
        try:
            _compare(comparison)
        except (VenueError, TimeoutError) as error:
            comparison.error = str(error)[:200] or type(error).__name__
            log.info("reconcile.unreadable", account=str(account_id), error=comparison.error)
        comparison.finished_at = now()
        comparison.save()
    if comparison.is_clean:
        _mark_round_trips(comparison)
        lift_reconciled(account_id=account_id)
    return comparison


def _compare(comparison: Comparison) -> None:
    account_id = comparison.account_id
    first = look_at_orders(account_id=account_id)
    look, differences = first, _unresolved(account_id, first.differences)
    healed = first.healed
    if _new_doubts(account_id, differences):
        time.sleep(SECOND_LOOK_SECONDS)
        look = look_at_orders(account_id=account_id)
        keys = {difference.key for difference in differences}
        differences = [
            difference
            for difference in _unresolved(account_id, look.differences)
            if difference.key in keys or difference.kind in FOREIGN
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


def _unresolved(account_id: UUID, differences: list[Difference]) -> list[Difference]:
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
    return any(d.key not in known and d.kind not in FOREIGN for d in differences)


def _mark_round_trips(comparison: Comparison) -> None:
    """A clean pass follows the last clean one without a gap, so all fills up to it were equal."""
    trips = RoundTrip.objects.filter(
        bot__account_id=comparison.account_id,
        reconciled_at=None,
        closed_at__lte=comparison.market_at,
    )
    trips.update(reconciled_at=comparison.finished_at)
