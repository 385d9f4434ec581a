"""Do everything that is due for one venue account: absorb, decide, send, absorb, protect."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from apps.core.locks import session_lock
from apps.marketdata.clock import market_now
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_orders import send_orders
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.actions.apply_settings import apply_settings
from apps.risk.actions.permit import PermitUnavailable
from apps.trading.actions.protect_positions import protect_positions
from apps.trading.actions.run_cycle import run_cycle
from apps.trading.actions.stop_leaving import stop_leaving
from apps.trading.actions.tend_orders import tend_orders
from apps.trading.queries.due import due_batches, orders_are_moving
from apps.venues.gateways.errors import VenueError

log = structlog.get_logger(__name__)
_CAME_IN: Final = """
SELECT EXISTS (SELECT FROM orders_venuefact
               WHERE account_id = %(account)s AND absorbed_at IS NULL AND result = '')
    OR EXISTS (SELECT FROM orders_order
               WHERE account_id = %(account)s AND status = 'created' AND replaces_id IS NULL)
"""
# Rounds of one run; what is left then waits for the next nudge, a second later at most.
ROUNDS_MAX: Final = 12
TURNS_MAX: Final = 2


def run_account(*, account_id: UUID) -> bool:
    """Work until the account is quiet; return whether this process did the work.

    One process an account, by a session lock that dies with its connection. A nudge that finds
    the lock taken is not lost: the holder looks again after it has let go.
    """
    did = False
    for _ in range(TURNS_MAX):
        with account_lock(account_id=account_id) as is_ours:
            if not is_ours:
                return did
            did = True
            _work(account_id)
        if not _is_due(account_id):
            break
    return did


def account_lock(*, account_id: UUID) -> AbstractContextManager[bool]:
    """Try to be the account's worker and yield whether we are."""
    return session_lock(f"trading.account:{account_id}")


def _work(account_id: UUID) -> None:
    absorb(account_id=account_id)
    tend_orders(account_id=account_id)
    _decide(account_id)
    moved = _send(account_id)
    for _ in range(ROUNDS_MAX):
        moved |= tend_orders(account_id=account_id)
        moved |= protect_positions(account_id=account_id) > 0
        if not moved:
            break
        _decide(account_id)
        moved = orders_are_moving(account_id=account_id) and _send(account_id)
    stop_leaving(account_id=account_id)


def _decide(account_id: UUID) -> None:
    """Run the cycles that are due; one that waits for its candles stays due."""
    batches = due_batches(at=market_now(), account_ids=[account_id])
    if batches:
        apply_settings(account_id=account_id)
    for due in batches:
        run_cycle(account_id=account_id, timeframe=due.timeframe, at=due.at)


def _send(account_id: UUID) -> bool:
    """Send what is recorded, settle what is in doubt, absorb the answers; return if any of it moved.

    A venue that cannot be reached, or a halt that holds the permit, must not keep the account's
    other work from being done: what is left is due again at the next nudge.
    """
    moved = False
    try:
        sent = send_orders(account_id=account_id)
        cancelled = send_cancels(account_id=account_id)
        resolve_orders(account_id=account_id)
        moved = bool(sent.sent or sent.withdrawn or cancelled.confirmed)
    except (VenueError, PermitUnavailable) as error:
        log.warning("account.not_sent", account=str(account_id), error=str(error))
    return absorb(account_id=account_id).facts > 0 or moved


def _is_due(account_id: UUID) -> bool:
    """Return whether something came in while the lock was still held, whose nudge was dropped."""
    with connection.cursor() as cursor:
        cursor.execute(_CAME_IN, {"account": account_id})
        row = cursor.fetchone()
    return bool(row and row[0]) or bool(due_batches(at=market_now(), account_ids=[account_id]))
