"""What an exchange does to orders by itself: late fills, ends nobody asked for, orders never placed."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.engine import judge
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.order_lists import settle_lists, siblings
from apps.simulator.domain.orders import Effects, Order, OrderRequest, Report
from apps.simulator.domain.settlement import affordable, close, execute


def expire(ledger: Ledger, orders: list[Order], *, now_ms: int) -> Effects:
    """End open orders, with the other legs of their lists, as the exchange's own decision."""
    effects = Effects()
    for order in orders:
        for leg in (order, *siblings(ledger, order)):
            if leg.is_open:
                close(ledger, effects, leg, Report("EXPIRED", leg, now_ms))
    settle_lists(ledger, effects, at_ms=now_ms)
    return effects


def fill_late(ledger: Ledger, order: Order, *, amount: Decimal, now_ms: int) -> Effects:
    """Fill an order that has been cancelled: `amount` base units, zero for half of its rest.

    It stays cancelled, or is filled when nothing is left. Nothing happens without the balance.
    """
    effects = Effects()
    step = ledger.instrument(order.symbol).step
    wanted = min(amount or max(floor_to(order.remaining / 2, step), step), order.remaining)
    price = order.lock_price or ledger.market(order.symbol).last
    met = affordable(ledger, order, price=price, amount=wanted)
    if order.is_open or met <= ZERO:
        return effects
    order.status = "NEW"
    ledger.add(order)
    trade_id = ledger.next_trade_id(order.symbol)
    execute(ledger, effects, order, Fill(price, met, order), trade_id=trade_id, at_ms=now_ms)
    if order.is_open:
        close(ledger, effects, order, Report("CANCELED", order, now_ms))
    return effects


def phantom(ledger: Ledger, account: Account, request: OrderRequest, *, now_ms: int) -> Order:
    """Return an order as it would be accepted, without placing it.

    :raises Refusal: as for a real one.
    """
    order, _ = judge(ledger, account, request, now_ms=now_ms)
    order.order_id = ledger.next_order_id()
    return order
