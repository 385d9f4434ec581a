"""Compare an account's ledger with the venue's balances."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.portfolio.actions.absorb import absorb
from apps.portfolio.queries import balances
from apps.reconciliation.actions.block_entries import block_entries
from apps.reconciliation.actions.look_at_orders import look_at_orders
from apps.reconciliation.actions.post_opening import has_opening, post_opening
from apps.reconciliation.actions.run_pass import run_pass
from apps.reconciliation.actions.settle_cases import settle_cases
from apps.reconciliation.domain.balances import compare_balances, in_motion
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.models import Comparison
from apps.venues import gateways
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials

KINDS: Final = frozenset({"balance"})
SECOND_LOOK_SECONDS: Final = 2.0
READ_SECONDS: Final = 60.0


def reconcile_balances(*, account_id: UUID) -> Comparison | None:
    """Run one pass and return it; None when another process is comparing this account.

    The first pass posts the opening. A difference becomes a case when it is still there 2 s later
    and after what the venue proves of our orders was absorbed.
    """
    return run_pass(account_id=account_id, kind="balances", compare=_compare)


def _compare(comparison: Comparison) -> None:
    account_id = comparison.account_id
    environment = VenueAccount.objects.values_list("environment", flat=True).get(id=account_id)
    differences, moving = _look(comparison, environment)
    if differences:
        time.sleep(SECOND_LOOK_SECONDS)
        # a fill that no stream told is not a difference of balances: it heals first
        look_at_orders(account_id=account_id)
        again, moving = _look(comparison, environment)
        assets = {difference.subject for difference in differences}
        differences = [difference for difference in again if difference.subject in assets]
    comparison.equal = comparison.compared - len(differences)
    comparison.opened = settle_cases(account_id=account_id, kinds=KINDS, differences=differences)
    block_entries(account_id=account_id, differences=differences)
    comparison.is_clean = not differences and not moving


def _look(comparison: Comparison, environment: str) -> tuple[list[Difference], bool]:
    """Return what differs among assets that stood still, and whether any moved meanwhile."""
    account_id = comparison.account_id
    is_first = not has_opening(account_id)
    if is_first:
        # a fill that is not booked yet must not become part of the opening
        look_at_orders(account_id=account_id)
    absorb(account_id=account_id)
    before = balances(account_id=account_id)
    gateway = gateways.gateway(credentials(account_id=account_id))
    venue: dict[str, Decimal] = call(gateway.balances(), timeout=READ_SECONDS)
    if is_first and post_opening(account_id=account_id, venue=venue, book=before):
        before = balances(account_id=account_id)
    absorb(account_id=account_id)
    after = balances(account_id=account_id)
    moving = in_motion(before, after)
    found = compare_balances(book=after, venue=venue, environment=environment)
    comparison.compared = len(after.keys() | venue.keys())
    return [d for d in found if d.subject not in moving], bool(moving)
