"""What an exchange of perpetuals does by itself: late fills, conditional orders never placed."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.orders import Effects, Order, Report
from apps.simulator.domain.perpetual.algos import judge_algo
from apps.simulator.domain.perpetual.books import AlgoOrder
from apps.simulator.domain.perpetual.margin import mark_of, order_margin, summary
from apps.simulator.domain.perpetual.settlement import (
    close_order,
    execute_contract,
    fillable,
    reduces,
)


def fill_late(ledger: Ledger, order: Order, *, amount: Decimal, now_ms: int) -> Effects:
    """Fill an order that has been cancelled: `amount` base units, zero for half of its rest.

    It stays cancelled, or is filled when nothing is left. Nothing happens without the margin, or
    where it may only reduce and nothing is held.
    """
    effects = Effects()
    if order.is_open:
        return effects
    step = ledger.instruments[order.symbol].step
    wanted = min(amount or max(floor_to(order.remaining / 2, step), step), order.remaining)
    price = order.price or mark_of(ledger, order.symbol)
    order.status = "NEW"
    met = fillable(ledger, order, amount=wanted)
    if met <= ZERO or not _is_carried(ledger, order, met * price):
        order.status = "CANCELED"
        return effects
    ledger.add(order)
    trade_id = ledger.next_trade_id(order.symbol)
    execute_contract(
        ledger, effects, order, Fill(price, met, order), trade_id=trade_id, at_ms=now_ms
    )
    if order.is_open:
        close_order(ledger, effects, order, Report("CANCELED", order, now_ms))
    return effects


def _is_carried(ledger: Ledger, order: Order, notional: Decimal) -> bool:
    """Return whether the account's margin carries the fill, by its leverage."""
    if reduces(order):
        return True
    leverage = ledger.contracts.setting(order.account_id, order.symbol).leverage
    held = order_margin(ledger, order.account_id, order.symbol)
    asset = ledger.instruments[order.symbol].quote
    return notional / leverage <= summary(ledger, order.account_id, asset).available + held


def phantom_algo(ledger: Ledger, algo: AlgoOrder, *, now_ms: int) -> AlgoOrder:
    """Return a conditional order as it would be accepted, without placing it.

    :raises Refusal: as for a real one.
    """
    judge_algo(ledger, algo, now_ms=now_ms)
    algo.algo_id = ledger.next_order_id()
    return algo
