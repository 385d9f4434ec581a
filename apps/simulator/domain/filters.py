"""Symbol filters, in the order and words of Binance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.orders import LIMIT_TYPES, STOP_TYPES, OrderRequest
from apps.simulator.domain.refusals import filter_failure

PRICE_MAX: Final = Decimal(1_000_000)
COST_MAX: Final = Decimal(9_000_000)
PERCENT_UP: Final = Decimal(5)
PERCENT_DOWN: Final = Decimal("0.2")
TRAILING_MIN, TRAILING_MAX = 10, 2000


def check_filters(
    instrument: Instrument, request: OrderRequest, *, amount: Decimal, last: Decimal
) -> None:
    """Check an order of `amount` base units against every price and amount filter.

    :raises Refusal: -1013 with the name of the first filter that fails.
    """
    if request.type in LIMIT_TYPES:
        _check_price(instrument, request.price)
        if not last * PERCENT_DOWN <= request.price <= last * PERCENT_UP:
            raise filter_failure("PERCENT_PRICE_BY_SIDE")
    if request.type in STOP_TYPES and (request.stop_price or not request.trailing_delta):
        _check_price(instrument, request.stop_price)
    if request.trailing_delta and not TRAILING_MIN <= request.trailing_delta <= TRAILING_MAX:
        raise filter_failure("TRAILING_DELTA")
    if not instrument.step <= amount <= instrument.amount_max or amount % instrument.step:
        raise filter_failure("LOT_SIZE")
    cost = amount * _judged_price(request, last)
    if cost < instrument.cost_min or (request.type in LIMIT_TYPES and cost > COST_MAX):
        raise filter_failure("NOTIONAL")


def check_counts(instrument: Instrument, request: OrderRequest, *, orders: int, stops: int) -> None:
    """Check how many orders and stop orders the account already has open on the symbol.

    :raises Refusal: -1013 MAX_NUM_ORDERS or MAX_NUM_ALGO_ORDERS.
    """
    if request.type != "MARKET" and orders >= instrument.orders_max:
        raise filter_failure("MAX_NUM_ORDERS")
    if request.type in STOP_TYPES and stops >= instrument.stop_orders_max:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")


def _check_price(instrument: Instrument, price: Decimal) -> None:
    if not instrument.tick <= price <= PRICE_MAX or price % instrument.tick:
        raise filter_failure("PRICE_FILTER")


def _judged_price(request: OrderRequest, last: Decimal) -> Decimal:
    if request.type in LIMIT_TYPES:
        return request.price
    return request.stop_price or last
