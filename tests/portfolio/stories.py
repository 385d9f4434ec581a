"""Short stories of orders told by a venue."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection, transaction

from apps.core.clock import now, to_ms
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.actions.write_events import Happening, write_events
from apps.orders.invariants import INVARIANTS as OF_ORDERS
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.invariants import INVARIANTS as OF_BOOKS
from tests.factories import fill_report, make_draft, order_report


def sent(bot, **values) -> Order:
    """An order recorded and claimed, as if it were on its way."""
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    Order.objects.filter(id=order_id).update(status="submitted", fence=1, submitted_at=now())
    write_events(happenings=[Happening(order_id, "created", "submitted", "claimed")], at=now())
    return Order.objects.get(id=order_id)


def told(order: Order, *fills, status: str = "closed"):
    """The venue tells of `order` and its fills, and we draw the consequences."""
    report = order_report(order, status=status, fills=fills)
    store_facts(account_id=order.account_id, source="stream", orders=[report])
    return absorb(account_id=order.account_id)


def bought_and_sold(bot, *, at_ms: int = 0) -> tuple[Order, Order]:
    """Two bought for 100 with a fee in base, all of it sold for 110 with a fee in quote."""
    start = at_ms or to_ms(now())
    base = bot.config.instruments.get().instrument.base
    buy = sent(bot, amount=Decimal(2))
    told(buy, fill_report(buy, price="100", fee=Decimal("0.002"), fee_asset=base, at_ms=start))
    sell = sent(bot, purpose="reduce", side="sell", amount=Decimal("1.998"))
    told(sell, fill_report(sell, price="110", fee=Decimal("0.2"), at_ms=start + 1000))
    return buy, sell


def broken_invariants() -> dict[str, list[tuple[object, ...]]]:
    """The invariants of orders and books that do not hold, with the rows that break them."""
    broken = {}
    with connection.cursor() as cursor:
        for name, (_, sql) in (OF_ORDERS | OF_BOOKS).items():
            cursor.execute(sql)
            if rows := cursor.fetchall():
                broken[name] = rows
    return broken
