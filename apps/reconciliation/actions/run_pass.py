"""One comparison from start to end: who does it, what it found, what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from apps.core.bell import ring
from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.reconciliation.actions.lift_reconciled import lift_reconciled
from apps.reconciliation.actions.pass_lock import pass_lock
from apps.reconciliation.models import Comparison
from apps.venues.gateways.errors import VenueError

log = structlog.get_logger(__name__)
KEPT: Final = timedelta(days=1)
_DAY: Final = """
INSERT INTO reconciliation_comparisonday AS d
    (account_id, kind, day, passes, clean_passes, unreadable, compared, equal, healed, opened)
VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, %s)
ON CONFLICT (account_id, kind, day) DO UPDATE SET passes = d.passes + 1,
    clean_passes = d.clean_passes + excluded.clean_passes, unreadable = d.unreadable + excluded.unreadable,
    compared = d.compared + excluded.compared, equal = d.equal + excluded.equal,
    healed = d.healed + excluded.healed, opened = d.opened + excluded.opened
"""
_PRUNE: Final = """
DELETE FROM reconciliation_comparison c WHERE c.account_id = %s AND c.started_at < %s
AND c.id NOT IN (SELECT DISTINCT ON (kind) id FROM reconciliation_comparison
                 WHERE account_id = %s AND is_clean ORDER BY kind, started_at DESC)
"""


def run_pass(
    *, account_id: UUID, kind: str, compare: Callable[[Comparison], None]
) -> Comparison | None:
    """Run `compare` as the one pass of its kind and account; None when another process is at it.

    A venue that cannot be read proves nothing: the pass keeps the error and is not clean. A clean
    pass may lift NOT_RECONCILED. Passes are kept a day (the last clean one of a kind longer), their
    sums for ever.
    """
    with pass_lock(account_id=account_id, kind=kind) as is_ours:
        if not is_ours:
            return None
        comparison = Comparison(
            account_id=account_id, kind=kind, started_at=now(), market_at=market_now()
        )
        try:
            compare(comparison)
        except (VenueError, TimeoutError) as error:
            comparison.is_clean = False
            comparison.error = str(error)[:200] or type(error).__name__
            log.info("reconcile.unreadable", account=str(account_id), error=comparison.error)
        comparison.finished_at = now()
        comparison.save()
        _keep(comparison)
    if comparison.opened or comparison.healed:
        ring("reconcile")
    if comparison.is_clean:
        lift_reconciled(account_id=account_id)
    return comparison


def _keep(done: Comparison) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _DAY,
            [
                done.account_id, done.kind, done.started_at.date(), int(done.is_clean),
                int(bool(done.error)), done.compared, done.equal, done.healed, done.opened,
            ],
        )  # fmt: skip
        if done.kind == "balances":
            cursor.execute(_PRUNE, [done.account_id, now() - KEPT, done.account_id])
