"""Conditional orders: they wait beside the books and, triggered, send an order of their own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.ledger import Fill, Ledger
from apps.simulator.domain.liquidity import beyond
from apps.simulator.domain.matching import plan
from apps.simulator.domain.orders import Effects, Order, OrderRequest
from apps.simulator.domain.perpetual.books import ALGO_TRIGGERED, TRAILING, AlgoOrder
from apps.simulator.domain.perpetual.contracts import ALGO_ORDERS_MAX, ONE_WAY
from apps.simulator.domain.perpetual.engine import (
    GOOD_TILL_LEAST_MS,
    accept,
    check_amount,
    check_price,
    check_side,
    draft,
)
from apps.simulator.domain.perpetual.margin import mark_of, order_margin, summary
from apps.simulator.domain.perpetual.refusals import refusal, too_small
from apps.simulator.domain.perpetual.settlement import finish_algo, reduces
from apps.simulator.domain.refusals import Refusal

ALGO_TYPES: Final = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", TRAILING}
)
ALGO_LIMITS: Final = frozenset({"STOP", "TAKE_PROFIT"})
MARK_PRICE: Final = "MARK_PRICE"
CALLBACK_LEAST, CALLBACK_MOST = Decimal("0.1"), Decimal(10)


@dataclass(frozen=True, slots=True)
class AlgoPlaced:
    """What became of a new conditional order."""

    algo: AlgoOrder
    effects: Effects


def place_algo(ledger: Ledger, algo: AlgoOrder, *, now_ms: int) -> AlgoPlaced:
    """Check a conditional order and let it wait. Nothing changes when it is refused.

    :raises Refusal: with the code and words Binance USDⓈ-M uses.
    """
    judge_algo(ledger, algo, now_ms=now_ms)
    algo.algo_id = ledger.next_order_id()
    ledger.contracts.algo_book(algo.symbol)[algo.algo_id] = algo
    effects = Effects()
    effects.contracts.note_algo(algo, now_ms)
    return AlgoPlaced(algo, effects)


def judge_algo(ledger: Ledger, algo: AlgoOrder, *, now_ms: int) -> None:
    """Check a conditional order against the rules and the market; a trailing one starts here.

    :raises Refusal: with the code and words Binance USDⓈ-M uses.
    """
    _check(ledger, algo, now_ms=now_ms)
    price = _watched(ledger, algo)
    if algo.type == TRAILING:
        if not algo.activation_price:
            algo.extreme = price
    elif _is_beyond(algo, algo.trigger_price, low=price, high=price):
        raise refusal(-2021)


def cancel_algo(ledger: Ledger, algo: AlgoOrder | None, *, now_ms: int) -> Effects:
    """Cancel a waiting conditional order.

    :raises Refusal: -2011 when there is none.
    """
    if algo is None:
        raise refusal(-2011)
    effects = Effects()
    _end(ledger, effects, algo, status="CANCELED", now_ms=now_ms)
    return effects


def expire_algo(ledger: Ledger, effects: Effects, algo: AlgoOrder, *, now_ms: int) -> None:
    """End a conditional order whose time is over or whose position is gone."""
    _end(ledger, effects, algo, status="EXPIRED", now_ms=now_ms)


def meet(algo: AlgoOrder, *, first: Decimal, low: Decimal, high: Decimal) -> Decimal | None:
    """Return at which price a path from `first` over `low` and `high` triggers it, None if not.

    A gap over the trigger meets at `first`. A trailing stop sees its better extreme before the
    other one, follows it, and triggers where the way back passes its distance.
    """
    if algo.type != TRAILING:
        if not _is_beyond(algo, algo.trigger_price, low=low, high=high):
            return None
        return (max if algo.triggers_on_rise else min)(algo.trigger_price, first)
    sells = algo.side == "SELL"
    if not algo.extreme:
        reached = high >= algo.activation_price if sells else low <= algo.activation_price
        if not reached:
            return None
        algo.extreme = algo.activation_price
    stop = algo.stop
    if _is_beyond(algo, stop, low=first, high=first):
        return first
    algo.extreme = max(algo.extreme, high) if sells else min(algo.extreme, low)
    return algo.stop if _is_beyond(algo, algo.stop, low=low, high=high) else None


def trigger(
    ledger: Ledger, algo: AlgoOrder, *, price: Decimal, share: Decimal | None, now_ms: int
) -> Effects:
    """Send the order of a triggered conditional order.

    On candles it fills at `price`, at most `share` base units; on a ladder (None) as the book is.
    One that has nothing to reduce, or no margin, is refused and told so.
    """
    effects, order = Effects(), _order(ledger, algo, now_ms=now_ms)
    reason = _obstacle(ledger, order, price)
    if reason:
        _end(ledger, effects, algo, status="REJECTED", now_ms=now_ms, reason=reason)
        return effects
    placed = accept(ledger, order, _fills(ledger, order, price, share), now_ms=now_ms)
    algo.triggered_ms, algo.status, algo.order_id = now_ms, ALGO_TRIGGERED, order.order_id
    ledger.contracts.algo_book(algo.symbol).pop(algo.algo_id, None)
    ledger.contracts.sent[order.order_id] = algo
    effects.contracts.note_algo(algo, now_ms)
    effects.merge(placed.effects)
    finish_algo(ledger, effects, order, at_ms=now_ms)
    return effects


def _fills(ledger: Ledger, order: Order, price: Decimal, share: Decimal | None) -> list[Fill]:
    if share is None:
        limit = order.price if order.has_limit else None
        return plan(ledger, order, amount=order.amount, limit=limit)
    met = floor_to(price, ledger.instruments[order.symbol].tick)
    if share <= ZERO or (order.has_limit and beyond(order.side, met, order.price)):
        return []
    return [Fill(met, min(order.amount, share))]


def _order(ledger: Ledger, algo: AlgoOrder, *, now_ms: int) -> Order:
    amount = algo.amount
    if algo.close_position:
        amount = _held(ledger, algo)
    request = OrderRequest(
        symbol=algo.symbol,
        side=algo.side,
        type="LIMIT" if algo.type in ALGO_LIMITS else "MARKET",
        client_order_id=algo.client_algo_id,
        amount=amount,
        price=algo.price,
        stop_price=algo.trigger_price,
        time_in_force=algo.time_in_force,
        reduce_only=algo.reduce_only or algo.close_position,
        position_side=algo.position_side,
        good_till_ms=algo.good_till_ms,
        orig_type=algo.type,
    )
    order = draft(ledger.accounts[algo.account_id], request, now_ms=now_ms)
    order.amount = min(order.amount, _held(ledger, algo)) if reduces(order) else order.amount
    return order


def _obstacle(ledger: Ledger, order: Order, price: Decimal) -> str:
    if order.amount <= ZERO:
        return "ReduceOnly Order is rejected."
    if (order.account_id, order.symbol, order.client_order_id) in ledger.client_ids:
        return "ClientOrderId is duplicated."
    if reduces(order):
        return ""
    extra = (order, order.price if order.has_limit else price)
    due = order_margin(ledger, order.account_id, order.symbol, extra=extra)
    due -= order_margin(ledger, order.account_id, order.symbol)
    quote = ledger.instruments[order.symbol].quote
    short = due > max(summary(ledger, order.account_id, quote).free, ZERO)
    return "Margin is insufficient." if short else ""


def _held(ledger: Ledger, algo: AlgoOrder) -> Decimal:
    side = algo.position_side or ONE_WAY
    return ledger.contracts.position(algo.account_id, algo.symbol, side).closable_by(algo.side)


def _check(ledger: Ledger, algo: AlgoOrder, *, now_ms: int) -> None:
    instrument = ledger.instruments[algo.symbol]
    check_side(ledger, algo.account_id, position_side=algo.position_side)
    if algo.reduce_only and algo.position_side != ONE_WAY:
        raise Refusal(-1106, "Parameter 'reduceonly' sent when not required.")
    if algo.close_position and (algo.type in ALGO_LIMITS or algo.type == TRAILING):
        raise refusal(-4136)
    if not algo.close_position:
        check_amount(instrument, algo.amount)
    for price in filter(None, (algo.trigger_price, algo.price, algo.activation_price)):
        check_price(instrument, price)
    if algo.type == TRAILING and not CALLBACK_LEAST <= algo.callback <= CALLBACK_MOST:
        raise Refusal(-2007, "Invalid callBack rate.")
    may_open = not (algo.reduce_only or algo.close_position or algo.position_side != ONE_WAY)
    judged = algo.price or algo.trigger_price or mark_of(ledger, algo.symbol)
    if may_open and algo.amount * judged < instrument.cost_min:
        raise too_small(instrument)
    if algo.time_in_force == "GTD" and algo.good_till_ms <= now_ms + GOOD_TILL_LEAST_MS:
        raise refusal(-5040)
    _check_room(ledger, algo)


def _check_room(ledger: Ledger, algo: AlgoOrder) -> None:
    mine = ledger.contracts.algos_of(algo.account_id)
    if any(other.client_algo_id == algo.client_algo_id for other in mine):
        raise refusal(-4116)
    if sum(other.symbol == algo.symbol for other in mine) >= ALGO_ORDERS_MAX:
        raise refusal(-4045)


def _watched(ledger: Ledger, algo: AlgoOrder) -> Decimal:
    if algo.working_type == MARK_PRICE:
        return mark_of(ledger, algo.symbol)
    return ledger.market(algo.symbol).last


def _is_beyond(algo: AlgoOrder, price: Decimal, *, low: Decimal, high: Decimal) -> bool:
    return high >= price if algo.triggers_on_rise else low <= price


def _end(
    ledger: Ledger, effects: Effects, algo: AlgoOrder, *, status: str, now_ms: int, reason: str = ""
) -> None:
    algo.status = status
    ledger.contracts.algo_book(algo.symbol).pop(algo.algo_id, None)
    effects.contracts.note_algo(algo, now_ms, reason=reason)
