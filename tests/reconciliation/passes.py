"""Trades, passes and cases as tests of passes make them."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from apps.core.actor import Actor
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.models import Case, Comparison
from apps.risk.models import Restriction
from tests.factories import make_draft

ACTOR = Actor.task("test")


def trade(bot, **values):
    """Record, send and absorb one order through the real path."""
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    return Order.objects.get(id=order_id)


def limit(bot, **values):
    return trade(bot, type="limit", price=Decimal(90), **values)


def orders_of(bot) -> Comparison:
    return reconcile_orders(account_id=bot.account_id)


def balances_of(bot) -> Comparison:
    return reconcile_balances(account_id=bot.account_id)


def cases():
    return [(c.kind, c.state) for c in Case.objects.order_by("opened_at")]


def restrictions():
    return set(Restriction.objects.filter(lifted_at=None).values_list("code", flat=True))
