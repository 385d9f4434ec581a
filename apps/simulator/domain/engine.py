"""Commands of the exchange: place, cancel, deposit. Pure: time is handed in, nothing is stored."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from apps.core.domain.money import ZERO, floor_to
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.fees import FEE_PLACES, fee_reserve
from apps.simulator.domain.filters import check_counts, check_filters
from apps.simulator.domain.ledger import Fill, Ledger, Placed
from apps.simulator.domain.liquidity import Liquidity
from apps.simulator.domain.matching import expire_rest, plan, run
from apps.simulator.domain.order_lists import settle_lists, siblings
from apps.simulator.domain.orders import Effects, Order, OrderRequest, Report
from apps.simulator.domain.refusals import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    WOULD_TAKE,
    WOULD_TRIGGER,
    Refusal,
    invalid_symbol,
    rejected,
    unknown_order,
)
from apps.simulator.domain.settlement import close, lock, lock_asset, lock_due


def place(ledger: Ledger, account: Account, request: OrderRequest, *, now_ms: int) -> Placed:
    """Check, accept and match a new order.

    Nothing changes when it is refused. The order rests, fills or expires by its type and time in
    force; a waiting stop locks its balance.

    :raises Refusal: with the code and words Binance uses.
    """
    order, fills = judge(ledger, account, request, now_ms=now_ms)
    return _accept(ledger, order, fills, now_ms=now_ms)


def judge(
    ledger: Ledger, account: Account, request: OrderRequest, *, now_ms: int
) -> tuple[Order, list[Fill]]:
    """Return the order that would be accepted and the fills it would get; changes nothing.

    :raises Refusal: with the code and words Binance uses.
    """
    instrument, market = ledger.instrument(request.symbol), ledger.market(request.symbol)
    if instrument.kind != "spot":
        raise invalid_symbol()
    amount = request.amount or _amount_for(ledger, account, request, now_ms=now_ms)
    check_filters(instrument, request, amount=amount, last=market.last)
    _check_room(ledger, account, request)
    order = draft(account, request, amount=amount, now_ms=now_ms)
    if order.is_waiting_stop:
        check_stop(order, market)
        watch(order, market)
    fills = [] if order.is_waiting_stop else plan(ledger, order, amount=amount, limit=_limit(order))
    if order.type == "LIMIT_MAKER" and (fills or crosses(order, market)):
        raise rejected(WOULD_TAKE)
    _check_funds(ledger, account, order, fills)
    return order, fills


def cancel(
    ledger: Ledger, account: Account, order: Order | None, *, cancel_id: str, now_ms: int
) -> Effects:
    """Cancel an open order, with the other legs of its list, and give back what it held.

    :raises Refusal: -2011 when there is no such open order of the account.
    """
    if order is None or order.account_id != account.account_id or not order.is_open:
        raise unknown_order()
    effects = Effects()
    for leg in (order, *siblings(ledger, order)):
        close(ledger, effects, leg, Report("CANCELED", leg, now_ms, cancel_id=cancel_id))
    settle_lists(ledger, effects, at_ms=now_ms)
    return effects


def deposit(account: Account, *, asset: str, amount: Decimal) -> Effects:
    """Add (or, when negative, withdraw) free balance.

    :raises Refusal: -2010 when less is free than is withdrawn.
    """
    balance, amount = account.balance(asset), amount.quantize(FEE_PLACES, rounding=ROUND_DOWN)
    if balance.free + amount < ZERO:
        raise rejected(INSUFFICIENT_BALANCE)
    balance.free += amount
    return Effects(balances={(account.account_id, asset)})


def draft(account: Account, request: OrderRequest, *, amount: Decimal, now_ms: int) -> Order:
    """Return the order that `request` would become, without a number and in no book."""
    order = Order(
        order_id=0,
        account_id=account.account_id,
        symbol=request.symbol,
        client_order_id=request.client_order_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        amount=amount,
        price=request.price,
        stop_price=request.stop_price,
        cost_asked=request.cost,
        reduce_only=request.reduce_only,
        trailing_delta=request.trailing_delta,
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    if not order.is_waiting_stop:
        order.working_ms = now_ms
    return order


def _accept(ledger: Ledger, order: Order, fills: list[Fill], *, now_ms: int) -> Placed:
    effects = Effects()
    order.order_id = ledger.next_order_id()
    ledger.add(order)
    if order.has_limit or order.is_waiting_stop:
        lock(ledger, order)
    ledger.tell(effects, order, Report("NEW", order, now_ms))
    if order.time_in_force == "FOK" and sum((f.amount for f in fills), ZERO) < order.amount:
        fills = []
    trades = run(ledger, effects, order, fills, at_ms=now_ms)
    if order.type == "MARKET" or (order.time_in_force in {"IOC", "FOK"} and order.is_working):
        expire_rest(ledger, effects, order, at_ms=now_ms)
    settle_lists(ledger, effects, at_ms=now_ms)
    return Placed(order, tuple(trades), effects)


def _amount_for(ledger: Ledger, account: Account, request: OrderRequest, *, now_ms: int) -> Decimal:
    """Return the largest amount whose fills cost no more than the quote amount asked for."""
    step = ledger.instrument(request.symbol).step
    market = ledger.market(request.symbol)
    amount = floor_to(request.cost / market.last, step)
    order = draft(account, request, amount=amount, now_ms=now_ms)
    for _ in range(8):
        fills = plan(ledger, order, amount=amount, limit=None)
        cost = sum((fill.price * fill.amount for fill in fills), ZERO)
        if cost <= request.cost or amount <= step:
            break
        amount = min(floor_to(amount * request.cost / cost, step), amount - step)
    return max(amount, ZERO)


def _limit(order: Order) -> Decimal | None:
    return order.price if order.has_limit else None


def crosses(order: Order, market: Liquidity) -> bool:
    """Return whether a limit order would trade at once."""
    return market.ask <= order.price if order.side == "BUY" else market.bid >= order.price


def _check_room(ledger: Ledger, account: Account, request: OrderRequest) -> None:
    if (account.account_id, request.symbol, request.client_order_id) in ledger.client_ids:
        raise rejected(DUPLICATE_ORDER)
    mine = ledger.orders_of(account.account_id, request.symbol)
    check_counts(
        ledger.instrument(request.symbol),
        request,
        orders=len(mine),
        stops=sum(order.is_waiting_stop for order in mine),
    )


def watch(order: Order, market: Liquidity) -> None:
    """Start a trailing stop without a start price at the last price, as Binance does."""
    if order.is_trailing and not order.stop_price:
        order.trailing_best, order.trailing_ms = market.last, order.created_ms


def check_stop(order: Order, market: Liquidity) -> None:
    """Check that a stop would wait; the stop price of a trailing one only starts it.

    :raises Refusal: -2010 when it would trigger at once.
    """
    if order.is_trailing:
        return
    passed = (
        market.last >= order.stop_price
        if order.triggers_on_rise
        else market.last <= order.stop_price
    )
    if passed:
        raise rejected(WOULD_TRIGGER)


def _check_funds(ledger: Ledger, account: Account, order: Order, fills: list[Fill]) -> None:
    instrument = ledger.instrument(order.symbol)
    free = account.balance(lock_asset(instrument, order.side)).free
    if order.reduce_only and (order.side == "BUY" or order.amount > free):
        raise Refusal(-2022, "ReduceOnly Order is rejected.")
    due = lock_due(order, account)
    if order.side == "BUY" and order.type == "MARKET":
        due = sum((fill.price * fill.amount for fill in fills), ZERO) * fee_reserve(account)
    if due > free:
        raise rejected(INSUFFICIENT_BALANCE)
