"""Alarm clock of the cycle. A task carries ids; what is due is a row, so a lost one does no harm."""

from __future__ import annotations

from uuid import UUID

import structlog
from celery import shared_task
from django.db import OperationalError

from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.trading.actions.borrow_prices import borrow_prices
from apps.trading.actions.prepare_partitions import prepare_partitions
from apps.trading.actions.run_account import run_account
from apps.trading.queries.due import busy_accounts, due_batches, unprotected_accounts
from apps.trading.queries.tending import accounts_to_tend

log = structlog.get_logger(__name__)
# A nudge that waited longer has been followed by a newer one.
NUDGE_EXPIRES_SECONDS = 5
# A run looks after the stops it needs itself; this finds what a crash left (to be mended in 15 s).
STOPS_EVERY_SECONDS = 5


@shared_task(name="trading.tick")
def tick() -> None:
    """Nudge a worker for every account with anything due."""
    moment = market_now()
    accounts = {due.account_id for due in due_batches(at=moment)} | busy_accounts()
    accounts |= accounts_to_tend(at=moment)
    if now().second % STOPS_EVERY_SECONDS == 0:
        accounts |= unprotected_accounts()
    for account_id in sorted(accounts):
        work.apply_async((str(account_id),), expires=NUDGE_EXPIRES_SECONDS)


@shared_task(name="trading.run_account")
def work(account_id: str) -> None:
    """Do what is due for one account."""
    run_account(account_id=UUID(account_id))


@shared_task(name="trading.borrow_prices", expires=5)
def prices_from_elsewhere() -> None:
    """Ask other venues for prices that an instrument's own venue no longer tells."""
    borrow_prices()


@shared_task(
    name="trading.prepare_partitions", autoretry_for=(OperationalError,), default_retry_delay=20
)
def partitions() -> None:
    """Make the coming days' decision tables."""
    made = prepare_partitions()
    if made:
        log.info("partitions.made", count=made)
