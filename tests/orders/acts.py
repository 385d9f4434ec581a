"""What tests about sending do over and over."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.orders.actions.create_orders import create_orders
from apps.orders.models import Order, OrderGroup
from tests.factories import make_draft, make_fill, make_order

PERSON = Actor(kind="person", id="1", name="Ada")


def record(bot, **values):
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    return Order.objects.get(id=order_id)


def fresh(order):
    return Order.objects.get(id=order.id)


def pair(bot, **stop):
    """A native pair of exits: stop, target."""
    group = OrderGroup.objects.create(
        account=bot.account, bot=bot, instrument=bot.config.instruments.get().instrument,
        kind="oco", is_native=True, created_at=now(),
    )  # fmt: skip
    terms = {"purpose": "protect", "side": "sell", "group_id": group.id}
    target = record(bot, type="limit", price=Decimal(110), leg="target", **terms)
    stop = record(bot, type="stop_market", stop_price=Decimal(90), leg="stop", **terms | stop)
    return stop, target


def hold(bot, amount="1"):
    make_fill(make_order(bot, status="submitted"), amount=amount)
