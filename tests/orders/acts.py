"""What tests about sending do over and over."""

from __future__ import annotations

from django.db import transaction

from apps.core.actor import Actor
from apps.orders.actions.create_orders import create_orders
from apps.orders.models import Order
from tests.factories import make_draft, make_fill, make_order

PERSON = Actor(kind="person", id="1", name="Ada")


def record(bot, **values):
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    return Order.objects.get(id=order_id)


def fresh(order):
    return Order.objects.get(id=order.id)


def hold(bot, amount="1"):
    make_fill(make_order(bot, status="submitted"), amount=amount)
