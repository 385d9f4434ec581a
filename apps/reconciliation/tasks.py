"""Comparisons on a schedule: every few seconds orders, every minute balances."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from apps.reconciliation.actions.lift_reconciled import CODE
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.queries import reconcilable_accounts
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
    """Compare; an account that waits for its books has its balances compared at once, too."""
    reconcile_orders(account_id=account_id)
    waiting = {restriction.code for restriction in account_restrictions(account_id)}
    if CODE in waiting:
        reconcile_balances(account_id=account_id)


@shared_task(name="reconciliation.balances", expires=60)
def balances(account_id: str | None = None) -> None:
    """Compare the balances of one account; without an id, ask for every account."""
    if account_id is not None:
        reconcile_balances(account_id=UUID(account_id))
        return
    for account in reconcilable_accounts():
        balances.apply_async((str(account),), expires=60)
