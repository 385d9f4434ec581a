"""Commands on pairs of orders and on orders that stay: place an OCO, amend."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.engine import check_stop, crosses, draft, watch
from apps.simulator.domain.filters import check_counts, check_filters
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import Liquidity
from apps.simulator.domain.order_lists import (
    LIMIT_LEG,
    LISTS_MAX,
    dearest,
    enter,
    reference_price,
    siblings,
    tell_renamed,
)
from apps.simulator.domain.orders import STOP_TYPES, Effects, Order, OrderList, OrderRequest, Report
from apps.simulator.domain.refusals import (
    BAD_PRICES,
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    NO_CHANGE,
    NO_INCREASE,
    WOULD_TAKE,
    amend_rejected,
    filter_failure,
    rejected,
    unknown_order,
)
from apps.simulator.domain.settlement import lock, lock_asset, lock_due, unlock

AMENDS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class PairRequest:
    """Two orders of which one cancels the other: the leg above and the leg below the market."""

    client_list_id: str
    above: OrderRequest
    below: OrderRequest


def place_pair(
    ledger: Ledger, account: Account, request: PairRequest, *, now_ms: int
) -> tuple[OrderList, list[Order], Effects]:
    """Check and accept an OCO; its stop leg comes first. Nothing changes when it is refused.

    :raises Refusal: with the code and words Binance uses.
    """
    symbol = request.above.symbol
    instrument, market = ledger.instrument(symbol), ledger.market(symbol)
    legs = [draft(account, leg, amount=leg.amount, now_ms=now_ms) for leg in _stop_first(request)]
    for leg in (request.above, request.below):
        check_filters(instrument, leg, amount=leg.amount, last=market.last)
    _check_room(ledger, account, request)
    _check_prices(request, legs, market)
    for order in legs:
        if order.is_waiting_stop:
            check_stop(order, market)
            watch(order, market)
        elif crosses(order, market):
            raise rejected(WOULD_TAKE)
    due = lock_due(dearest(legs), account)
    if due > account.balance(lock_asset(instrument, request.above.side)).free:
        raise rejected(INSUFFICIENT_BALANCE)
    wanted = OrderList(0, account.account_id, symbol, request.client_list_id, now_ms)
    effects = Effects()
    enter(ledger, effects, wanted, legs)
    return wanted, legs, effects


def amend(
    ledger: Ledger, order: Order | None, *, amount: Decimal, client_id: str, now_ms: int
) -> Effects:
    """Reduce the amount (base units) of an open order in place; its pair is reduced with it.

    :raises Refusal: -2038 for what cannot be amended so, -2013 without such an open order.
    """
    if order is None or not order.is_open:
        raise unknown_order()
    if amount % ledger.instrument(order.symbol).step:
        raise filter_failure("LOT_SIZE")
    if amount == order.amount:
        raise amend_rejected(NO_CHANGE)
    if amount > order.amount:
        raise amend_rejected(NO_INCREASE)
    if amount <= order.filled:
        raise filter_failure("LOT_SIZE")
    if order.amends >= AMENDS_MAX:
        raise amend_rejected("Filter failure: MAX_NUM_ORDER_AMENDS")
    effects = Effects()
    legs = [order, *siblings(ledger, order)]
    for leg in legs:
        unlock(ledger, leg)
        leg.amount = amount
    lock(ledger, dearest(legs))
    _rename(ledger, order, client_id)
    order.amends += 1
    for leg in legs:
        leg.updated_ms = now_ms
        ledger.tell(effects, leg, Report("REPLACED", leg, now_ms))
    tell_renamed(ledger, effects, order, at_ms=now_ms)
    return effects


def _rename(ledger: Ledger, order: Order, client_id: str) -> None:
    ledger.client_ids.pop((order.account_id, order.symbol, order.client_order_id), None)
    order.client_order_id = client_id
    ledger.client_ids[order.account_id, order.symbol, client_id] = order.order_id


def _stop_first(request: PairRequest) -> list[OrderRequest]:
    legs = [request.below, request.above]
    return sorted(legs, key=lambda leg: leg.type == LIMIT_LEG)


def _check_room(ledger: Ledger, account: Account, request: PairRequest) -> None:
    owner, symbol = account.account_id, request.above.symbol
    names = [leg.client_order_id for leg in (request.above, request.below)]
    taken = any((owner, symbol, name) in ledger.client_ids for name in names)
    mine = [found for found in ledger.lists.values() if found.account_id == owner]
    if taken or names[0] == names[1] or request.client_list_id in {m.client_list_id for m in mine}:
        raise rejected(DUPLICATE_ORDER)
    if sum(found.symbol == symbol for found in mine) >= LISTS_MAX:
        raise filter_failure("MAX_NUM_ORDER_LISTS")
    orders = ledger.orders_of(owner, symbol)
    stops = sum(order.is_waiting_stop for order in orders)
    for number, leg in enumerate((request.above, request.below)):
        check_counts(ledger.instrument(symbol), leg, orders=len(orders) + number, stops=stops)
        stops += leg.type in STOP_TYPES


def _check_prices(request: PairRequest, legs: list[Order], market: Liquidity) -> None:
    """Check that the market stands between both legs.

    :raises Refusal: -2010 in Binance's words.
    """
    by_name = {order.client_order_id: reference_price(order) for order in legs}
    above, below = by_name[request.above.client_order_id], by_name[request.below.client_order_id]
    if (above and above <= market.last) or (below and below >= market.last):
        raise rejected(BAD_PRICES)
