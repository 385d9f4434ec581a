"""Compare what the bots of an account hold with the venue: balances on spot, positions elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from apps.portfolio.actions.absorb import absorb
from apps.portfolio.queries import balances
from apps.reconciliation.actions.block_entries import block_entries
from apps.reconciliation.actions.look_at_orders import look_at_orders
from apps.reconciliation.actions.post_opening import has_opening
from apps.reconciliation.actions.run_pass import run_pass
from apps.reconciliation.actions.settle_cases import settle_cases
from apps.reconciliation.domain.balances import TOLERANCE
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.domain.positions import Holding, compare_linear, compare_spot
from apps.reconciliation.models import Comparison
from apps.reconciliation.queries.accounts import trades
from apps.reconciliation.queries.holdings import holdings
from apps.venues import gateways
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials

KINDS: Final = frozenset({"position", "foreign_position"})
SECOND_LOOK_SECONDS: Final = 2.0
READ_SECONDS: Final = 60.0


def reconcile_positions(*, account_id: UUID) -> Comparison | None:
    """Run one pass and return it; None when another process is comparing this account.

    A difference becomes a case when it is still there 2 s later and after what the venue proves of
    our orders was absorbed.
    """
    return run_pass(account_id=account_id, kind="positions", compare=_compare)


def _compare(comparison: Comparison) -> None:
    account = VenueAccount.objects.get(id=comparison.account_id)
    differences, is_whole = _look(comparison, account)
    if differences:
        time.sleep(SECOND_LOOK_SECONDS)
        # a fill that no stream told is not a difference of positions: it heals first
        look_at_orders(account_id=account.id)
        keys = {difference.key for difference in differences}
        again, is_whole = _look(comparison, account)
        differences = [difference for difference in again if difference.key in keys]
    comparison.equal = max(0, comparison.compared - len(differences))
    comparison.opened = settle_cases(account_id=account.id, kinds=KINDS, differences=differences)
    block_entries(account_id=account.id, differences=differences)
    comparison.is_clean = not differences and is_whole


def _look(comparison: Comparison, account: VenueAccount) -> tuple[list[Difference], bool]:
    """Return what differs where nothing moved meanwhile, and whether everything was looked at."""
    gateway = gateways.gateway(credentials(account_id=account.id))
    comparison.compared = 0
    found: list[Difference] = []
    is_whole = True
    for kind, look in (("spot", _spot), ("linear", _linear)):
        if trades(venue=account.venue, kind=kind):
            absorb(account_id=account.id)
            before = holdings(account_id=account.id, kind=kind)
            differences, held = look(comparison, account, gateway, before)
            moved = _moved(before, held)
            found += [d for d in differences if d.subject.split(" ")[0] not in moved]
            is_whole &= not moved
    return found, is_whole


def _spot(
    comparison: Comparison, account: VenueAccount, gateway: Gateway, before: Sequence[Holding]
) -> tuple[list[Difference], Sequence[Holding]]:
    if not any(holding.amount for holding in before) or not has_opening(account.id):
        return [], before
    venue = call(gateway.balances(), timeout=READ_SECONDS)
    absorb(account_id=account.id)
    held = holdings(account_id=account.id, kind="spot")
    comparison.compared += len({holding.base for holding in held})
    differences = compare_spot(
        held=held,
        ledger=balances(account_id=account.id),
        venue=venue,
        tolerance=TOLERANCE[account.environment],
    )
    return differences, held


def _linear(
    comparison: Comparison, account: VenueAccount, gateway: Gateway, before: Sequence[Holding]
) -> tuple[list[Difference], Sequence[Holding]]:
    shown = call(gateway.positions(), timeout=READ_SECONDS)
    absorb(account_id=account.id)
    held = holdings(account_id=account.id, kind="linear")
    symbols = {h.symbol for h in (*before, *held)} | {report.symbol for report in shown}
    comparison.compared += len(symbols)
    hedged = account.position_mode == "hedge"
    return compare_linear(held=held, shown=shown, is_hedged=hedged), held


def _moved(before: Sequence[Holding], after: Sequence[Holding]) -> set[str]:
    """Return assets and symbols of holdings that changed while the venue was asked."""
    was = {(h.bot, h.symbol): h.amount for h in before}
    now = {(h.bot, h.symbol): h.amount for h in after}
    changed = {key[1] for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    return changed | {symbol.partition("/")[0] for symbol in changed}
