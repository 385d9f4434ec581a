"""Comparisons on a schedule: orders every 10 s, positions 30 s, balances 60 s, all fills daily."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from apps.reconciliation.actions.lift_reconciled import CODE
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_history import reconcile_history
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.actions.reconcile_positions import reconcile_positions
from apps.reconciliation.queries.accounts import kinds_to_lift, reconcilable_accounts
from apps.risk.queries import account_restrictions


@shared_task(name="reconciliation.orders", expires=10)
def orders(account_id: str | None = None) -> None:
    """Compare the orders of one account; without an id, ask for every account."""
    if account_id is not None:
        _compare_orders(UUID(account_id))
        return
    for account in reconcilable_accounts():
        orders.apply_async((str(account),), expires=10)


def _compare_orders(account_id: UUID) -> None:
    """Compare; what else the account waits for is compared at once, too.

    Perpetuals' positions come along each time: a position changed by hand may be on an instrument
    of which the desk has no order.
    """
    reconcile_orders(account_id=account_id)
    needed = kinds_to_lift(account_id=account_id)
    if "positions" in needed:
        reconcile_positions(account_id=account_id)
    waiting = {restriction.code for restriction in account_restrictions(account_id)}
    if CODE in waiting:
        reconcile_balances(account_id=account_id)


@shared_task(name="reconciliation.positions", expires=30)
def positions(account_id: str | None = None) -> None:
    """Compare the positions of one account; without an id, ask for every account."""
    if account_id is not None:
        reconcile_positions(account_id=UUID(account_id))
        return
    for account in reconcilable_accounts():
        positions.apply_async((str(account),), expires=30)


@shared_task(name="reconciliation.balances", expires=60)
def balances(account_id: str | None = None) -> None:
    """Compare the balances of one account; without an id, ask for every account."""
    if account_id is not None:
        reconcile_balances(account_id=UUID(account_id))
        return
    for account in reconcilable_accounts():
        balances.apply_async((str(account),), expires=60)


@shared_task(name="reconciliation.history", expires=3600)
def history(account_id: str | None = None) -> None:
    """Compare the whole history of one account; without an id, ask for every account."""
    if account_id is not None:
        reconcile_history(account_id=UUID(account_id))
        return
    for account in reconcilable_accounts():
        history.apply_async((str(account),), expires=3600)
