"""Signed endpoints for order lists: place an OCO in both dialects, ask, cancel; and amend."""

from __future__ import annotations

import secrets
from typing import Final

from apps.core.domain.money import ZERO
from apps.simulator.domain.order_lists import LIMIT_LEG, Legs
from apps.simulator.domain.orders import Order, OrderList, OrderRequest
from apps.simulator.domain.pairs import PairRequest
from apps.simulator.domain.refusals import Refusal, unknown_order
from apps.simulator.face.calls import SIGNED, Call, Route
from apps.simulator.face.params import Params
from apps.simulator.face.render import Json, queried
from apps.simulator.face.render_lists import cancelled_list, listed, placed_list
from apps.simulator.face.requests import SIDES, TIMES_IN_FORCE, check_trigger
from apps.simulator.face.trading import named_order

_DETAILS: Final = ("ACK", "RESULT", "FULL")


async def place_pair(call: Call) -> Json:
    """Place an OCO as `orderList/oco` words it: a leg above and a leg below the market."""
    params = call.params
    side = _side(params)
    Legs(side, params.text("aboveType"), params.text("belowType")).check()
    request = PairRequest(
        _new_id(params, "listClientOrderId"),
        _leg(params, side, "above"),
        _leg(params, side, "below"),
    )
    return await _placed(call, request)


async def place_old_pair(call: Call) -> Json:
    """Place an OCO as the older `order/oco` words it: a limit maker and a stop loss."""
    params = call.params
    side, symbol, amount = _side(params), params.text("symbol"), params.number("quantity")
    check_trigger(params, "stopPrice", "trailingDelta")
    stop_limit = params.number("stopLimitPrice")
    if stop_limit:
        params.require(("stopLimitTimeInForce",))
    limit = OrderRequest(
        symbol, side, LIMIT_LEG, _new_id(params, "limitClientOrderId"), amount, ZERO, params.number("price")
    )  # fmt: skip
    stop = OrderRequest(
        symbol, side, "STOP_LOSS_LIMIT" if stop_limit else "STOP_LOSS",
        _new_id(params, "stopClientOrderId"), amount, ZERO, stop_limit, params.number("stopPrice"),
        _time_in_force(params, "stopLimitTimeInForce") if stop_limit else "GTC",
        trailing_delta=params.integer("trailingDelta", 0) or 0,
    )  # fmt: skip
    above, below = (limit, stop) if side == "SELL" else (stop, limit)
    return await _placed(call, PairRequest(_new_id(params, "listClientOrderId"), above, below))


async def query_list(call: Call) -> Json:
    """Return one order list, executing or done.

    :raises Refusal: -2018 when the account has none of that id.
    """
    params, exchange = call.params, call.exchange
    number, name = params.integer("orderListId"), params.client_id("origClientOrderId")
    if number is None and not name:
        raise Refusal(
            -1102, "Param 'orderListId' or 'origClientOrderId' must be sent, but both were empty/null!"
        )  # fmt: skip
    await exchange.journal.settled()
    found = await exchange.store.lists(
        "account_id = %s AND (%s::bigint < 0 OR order_list_id = %s) "
        "AND (%s::text = '' OR client_list_id = %s) ORDER BY order_list_id DESC LIMIT 1",
        (call.account.account_id, *[-1 if number is None else number] * 2, name, name),
    )
    if not found:
        raise Refusal(-2018, "Order list does not exist.")
    return listed(found[0])


async def all_lists(call: Call) -> list[Json]:
    """Return order lists, oldest first: from a number, from a time, or the latest."""
    params, exchange = call.params, call.exchange
    first, start, end = (params.integer(n) for n in ("fromId", "startTime", "endTime"))
    await exchange.journal.settled()
    found = await exchange.store.lists(
        "account_id = %s AND order_list_id >= %s AND created_ms BETWEEN %s AND %s "
        "ORDER BY CASE WHEN %s THEN -order_list_id ELSE order_list_id END LIMIT %s",
        (
            call.account.account_id, first or 0, start or 0, 2**62 if end is None else end,
            first is None and start is None, params.limit(500, 1000),
        ),
    )  # fmt: skip
    return [listed(one) for one in sorted(found, key=_by_number)]


async def open_lists(call: Call) -> list[Json]:
    """Return the lists that are executing, oldest first."""
    mine = [
        found
        for found in call.exchange.ledger.lists.values()
        if found.account_id == call.account.account_id
    ]
    answer = [listed(found) for found in sorted(mine, key=_by_number)]
    await call.exchange.journal.settled()
    return answer


async def cancel_list(call: Call) -> Json:
    """Cancel a list: every leg that is still open.

    :raises Refusal: -2011 when there is no such list.
    """
    params, ledger = call.params, call.exchange.ledger
    symbol = ledger.instrument(params.text("symbol")).symbol
    number, name = params.integer("orderListId"), params.client_id("listClientOrderId")
    if number is None and not name:
        raise Refusal(
            -1102, "Param 'orderListId' or 'listClientOrderId' must be sent, but both were empty/null!"
        )  # fmt: skip
    mine = [
        found
        for found in ledger.lists.values()
        if (found.account_id, found.symbol) == (call.account.account_id, symbol)
        and number in {None, found.order_list_id}
        and name in {"", found.client_list_id}
    ]
    if not mine:
        raise unknown_order()
    return await cancel_found(call, mine[0], _new_id(params, "newClientOrderId"))


async def cancel_found(call: Call, found: OrderList, cancel_id: str) -> Json:
    """Cancel an executing list and return the answer to it."""
    legs = [
        order
        for order in call.exchange.ledger.orders_of(call.account.account_id, found.symbol)
        if order.order_list_id == found.order_list_id
    ]
    await call.exchange.cancel(call.account, legs[0], cancel_id=cancel_id)
    return cancelled_list(found, legs, cancel_id)


async def amend_order(call: Call) -> Json:
    """Reduce the amount of an open order, which keeps its place in the queue."""
    order = named_order(call, "orderId", "origClientOrderId")
    amended = await call.exchange.amend(
        order,
        amount=call.params.number("newQty"),
        client_id=_new_id(call.params, "newClientOrderId"),
    )
    return {
        "transactTime": amended.updated_ms,
        "executionId": amended.order_id * 100 + amended.amends,
        "amendedOrder": queried(amended),
    } | _list_of(call, amended)


def _list_of(call: Call, order: Order) -> Json:
    found = call.exchange.ledger.lists.get(order.order_list_id)
    return {"listStatus": listed(found)} if found else {}


async def _placed(call: Call, request: PairRequest) -> Json:
    detail = "RESULT"
    if call.params.has("newOrderRespType"):
        bad = Refusal(-1145, "Invalid newOrderRespType.")
        detail = call.params.choice("newOrderRespType", _DETAILS, bad)
    found, effects = await call.exchange.place_pair(call.account, request)
    orders = [report.order for report in effects.reports if report.execution == "NEW"]
    # As it was accepted: by now a leg may have filled.
    accepted = next(r.listed for r in effects.reports if r.listed is not None) or found
    return placed_list(accepted, orders, detail=detail)


def _leg(params: Params, side: str, place: str) -> OrderRequest:
    """Read one leg of the new dialect.

    :raises Refusal: -1102, -1106, -1115 as for a single order of its type.
    """
    kind = params.text(f"{place}Type")
    has_stop, has_limit = kind != LIMIT_LEG, kind == LIMIT_LEG or kind.endswith("_LIMIT")
    params.require((f"{place}Price",) if has_limit else ())
    params.forbid(() if has_limit else (f"{place}Price",))
    if has_stop:
        check_trigger(params, f"{place}StopPrice", f"{place}TrailingDelta")
    else:
        params.forbid((f"{place}StopPrice", f"{place}TrailingDelta"))
    timed = has_stop and has_limit
    params.require((f"{place}TimeInForce",) if timed else ())
    return OrderRequest(
        symbol=params.text("symbol"),
        side=side,
        type=kind,
        client_order_id=_new_id(params, f"{place}ClientOrderId"),
        amount=params.number("quantity"),
        price=params.number(f"{place}Price"),
        stop_price=params.number(f"{place}StopPrice"),
        time_in_force=_time_in_force(params, f"{place}TimeInForce") if timed else "GTC",
        trailing_delta=params.integer(f"{place}TrailingDelta", 0) or 0,
    )


def _side(params: Params) -> str:
    return params.choice("side", SIDES, Refusal(-1117, "Invalid side."))


def _time_in_force(params: Params, name: str) -> str:
    return params.choice(name, TIMES_IN_FORCE, Refusal(-1115, "Invalid timeInForce."))


def _new_id(params: Params, name: str) -> str:
    return params.client_id(name) or secrets.token_hex(11)


def _by_number(found: OrderList) -> int:
    return found.order_list_id


_COMMON = ("listClientOrderId", "newOrderRespType", "selfTradePreventionMode")
_LEG = (
    "ClientOrderId",
    "Price",
    "StopPrice",
    "TrailingDelta",
    "TimeInForce",
    "StrategyId",
    "StrategyType",
)
_NEW = (*_COMMON, *(f"{place}{name}" for place in ("above", "below") for name in _LEG))
_OLD = (
    *_COMMON, "limitClientOrderId", "stopClientOrderId", "stopPrice", "stopLimitPrice", "stopLimitTimeInForce",
    "trailingDelta", "limitStrategyId", "limitStrategyType", "stopStrategyId", "stopStrategyType",
)  # fmt: skip
_PAIR = ("symbol", "side", "quantity")
_PAGE = ("fromId", "startTime", "endTime", "limit")
_AMEND = ("orderId", "origClientOrderId", "newClientOrderId")
ROUTES = (
    Route("POST", "/api/v3/orderList/oco", place_pair, SIGNED, 1, (*_PAIR, "aboveType", "belowType"), _NEW),
    Route("POST", "/api/v3/order/oco", place_old_pair, SIGNED, 1, (*_PAIR, "price"), _OLD),
    Route("GET", "/api/v3/orderList", query_list, SIGNED, 4, (), ("orderListId", "origClientOrderId")),
    Route("GET", "/api/v3/allOrderList", all_lists, SIGNED, 20, (), _PAGE),
    Route("GET", "/api/v3/openOrderList", open_lists, SIGNED, 6),
    Route("DELETE", "/api/v3/orderList", cancel_list, SIGNED, 1, ("symbol",), ("orderListId", "listClientOrderId", "newClientOrderId")),
    Route("PUT", "/api/v3/order/amend/keepPriority", amend_order, SIGNED, 4, ("symbol", "newQty"), _AMEND),
)  # fmt: skip
