"""Signed endpoints of /fapi that place, change, cancel and find orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, LiteralString

from apps.simulator.domain.orders import Order
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import SIGNED, Call, Route
from apps.simulator.face.futures.render import order_row, trade_row
from apps.simulator.face.futures.requests import listed, order_request, params_of, symbol_of
from apps.simulator.face.params import Params
from apps.simulator.face.render import Json

BATCH_MAX = 5
DONE: Json = {"code": 200, "msg": "The operation of cancel all open order is done."}


async def place_order(call: Call) -> Json:
    """Place an order."""
    return await _place(call, call.params)


async def test_order(call: Call) -> Json:
    """Judge the parameters of an order without placing it."""
    order_request(call, call.params)
    return {}


async def place_batch(call: Call) -> list[Json]:
    """Place up to five orders; each is answered for itself."""
    return await _each(call, listed(call.params, "batchOrders"), _place)


async def amend_order(call: Call) -> Json:
    """Change amount and price of an open limit order."""
    return await _amend(call, call.params)


async def amend_batch(call: Call) -> list[Json]:
    """Change up to five orders; each is answered for itself."""
    return await _each(call, listed(call.params, "batchOrders"), _amend)


async def cancel_order(call: Call) -> Json:
    """Cancel one order."""
    return await _cancel(call, call.params)


async def cancel_batch(call: Call) -> list[Json]:
    """Cancel up to ten orders by either id; each is answered for itself."""
    symbol = {"symbol": call.params.text("symbol")}
    numbers = listed(call.params, "orderIdList", "orderidlist")
    names = listed(call.params, "origClientOrderIdList", "origclientorderidlist")
    asked = [symbol | {"orderId": number} for number in numbers]
    asked += [symbol | {"origClientOrderId": name} for name in names]
    return await _each(call, asked, _cancel, most=10)


async def cancel_all(call: Call) -> Json:
    """Cancel every open order of a contract; conditional orders have a call of their own."""
    symbol = symbol_of(call)
    orders = call.exchange.ledger.orders_of(call.account.account_id, symbol)
    for order in orders[: (len(orders) + 1) // 2] if call.cancels_half else orders:
        if order.is_open:
            await call.exchange.contracts.cancel(call.account, order)
    return DONE


async def query_order(call: Call) -> Json:
    """Return one order, open or not.

    :raises Refusal: -2013 when the account has none of that id.
    """
    order = _open(call, call.params)
    answer = order_row(order) if order else None
    await call.exchange.journal.settled()
    if answer is not None:
        return answer
    number, name = _ids(call.params)
    found = await call.exchange.store.orders(
        "account_id = %s AND symbol = %s AND (%s::bigint = 0 OR order_id = %s) "
        "AND (%s::text = '' OR client_order_id = %s) ORDER BY order_id DESC LIMIT 1",
        (call.account.account_id, symbol_of(call), number, number, name, name),
    )
    if not found:
        raise refusal(-2013)
    return order_row(found[0])


async def open_order(call: Call) -> Json:
    """Return one open order.

    :raises Refusal: -2013 when it is not open.
    """
    order = _open(call, call.params)
    if order is None:
        raise refusal(-2013)
    answer = order_row(order)
    await call.exchange.journal.settled()
    return answer


async def open_orders(call: Call) -> list[Json]:
    """Return open orders of one contract or of all, oldest first."""
    ledger = call.exchange.ledger
    wanted = symbol_of(call) if call.params.has("symbol") else None
    found = [
        order
        for order in ledger.orders_of(call.account.account_id, wanted)
        if ledger.instruments[order.symbol].kind == "linear"
    ]
    answer = [order_row(order) for order in sorted(found, key=lambda order: order.order_id)]
    await call.exchange.journal.settled()
    return answer


async def all_orders(call: Call) -> list[Json]:
    """Return orders of a contract, oldest first: from an id, from a time, or the latest."""
    where, values, newest = _range(call, "order_id", "created_ms", "orderId")
    await call.exchange.journal.settled()
    found = await call.exchange.store.orders(where, values)
    return [order_row(order) for order in (reversed(found) if newest else found)]


async def user_trades(call: Call) -> list[Json]:
    """Return trades, oldest first: of an order, from an id, from a time, or the latest."""
    where, values, newest = _range(call, "trade_id", "at_ms", "fromId")
    number = call.params.integer("orderId", 0) or 0
    if number:
        where, values = "order_id = %s AND " + where, [number, *values]
    await call.exchange.journal.settled()
    found = await call.exchange.store.trades(where, values)
    return [trade_row(trade) for trade in (reversed(found) if newest else found)]


async def force_orders(call: Call) -> list[Json]:
    """Return the account's liquidations and deleveragings between two times, oldest first."""
    kind, never = call.params.text("autoCloseType"), 2**62
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    like = {"LIQUIDATION": "autoclose-%", "ADL": "adl_autoclose%"}.get(kind, "%autoclose%")
    symbol = symbol_of(call) if call.params.has("symbol") else ""
    await call.exchange.journal.settled()
    found = await call.exchange.store.orders(
        "account_id = %s AND client_order_id LIKE %s AND position_side <> '' "
        "AND (%s::text = '' OR symbol = %s) AND created_ms >= %s AND created_ms <= %s "
        "ORDER BY order_id DESC LIMIT %s",
        (
            call.account.account_id, like, symbol, symbol, start or 0,
            never if end is None else end, call.params.limit(50, 100),
        ),
    )  # fmt: skip
    return [order_row(order) for order in reversed(found)]


async def _place(call: Call, params: Params) -> Json:
    request = order_request(call, params)
    placed = await call.exchange.contracts.place(call.account, request)
    return order_row(placed.order)


async def _cancel(call: Call, params: Params) -> Json:
    ended = await call.exchange.contracts.cancel(call.account, _open(call, params))
    return order_row(ended)


async def _amend(call: Call, params: Params) -> Json:
    params.require(("symbol", "side", "quantity", "price"))
    order = _open(call, params)
    if order is not None and order.side != params.text("side"):
        raise Refusal(-1117, "Invalid side.")
    shown, _ = await call.exchange.contracts.amend(
        order, amount=params.number("quantity"), price=params.number("price")
    )
    return order_row(shown)


async def _each(
    call: Call,
    asked: list[Any],
    act: Callable[[Call, Params], Awaitable[Json]],
    *,
    most: int = BATCH_MAX,
) -> list[Json]:
    if not asked or len(asked) > most:
        raise Refusal(-4082, "Invalid number of batch place orders.")
    answers: list[Json] = []
    for item in asked:
        try:
            answers.append(await act(call, params_of(item)))
        except Refusal as error:
            answers.append({"code": error.venue_code, "msg": error.text})
    return answers


def _ids(params: Params) -> tuple[int, str]:
    number, name = params.integer("orderId", 0) or 0, params.client_id("origClientOrderId")
    if not number and not name:
        raise Refusal(
            -1102, "Mandatory parameter 'orderId' was not sent, was empty/null, or malformed."
        )
    return number, name


def open_of(call: Call) -> Order | None:
    """Return the open order that a call names by either id."""
    return _open(call, call.params)


def _open(call: Call, params: Params) -> Order | None:
    number, name = _ids(params)
    owner, symbol = call.account.account_id, symbol_of(call, params)
    # With both ids the number decides, as at Binance.
    client_id = "" if number else name
    return call.exchange.ledger.find(owner, symbol, order_id=number, client_id=client_id)


def _range(
    call: Call, number: LiteralString, time: LiteralString, start_param: str
) -> tuple[LiteralString, list[int | str], bool]:
    """Return condition, its values, and whether the rows come newest first."""
    params, never = call.params, 2**62
    start, end, first = params.integer("startTime"), params.integer("endTime"), params.integer(start_param)  # fmt: skip
    newest = first is None and start is None
    where = "account_id = %s AND " + number + " >= %s AND " + time + " >= %s AND " + time + " <= %s"
    values: list[int | str] = [call.account.account_id, first or 0, start or 0]
    values.append(never if end is None else end)
    if params.has("symbol"):
        where, values = "symbol = %s AND " + where, [symbol_of(call), *values]
    else:
        where = "position_side <> '' AND " + where
    where += (
        " ORDER BY " + time + " DESC, " + number if newest else " ORDER BY " + time + ", " + number
    )
    where += " DESC LIMIT %s" if newest else " LIMIT %s"
    return where, [*values, params.limit(500, 1000)], newest


def _route(
    method: str, name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()
) -> Route:
    return Route(method, f"/fapi/v1/{name}", act, SIGNED, weight, required, None)


ROUTES = (
    _route("POST", "order", place_order),
    _route("POST", "order/test", test_order),
    _route("GET", "order", query_order, 1, ("symbol",)),
    _route("PUT", "order", amend_order, 1, ("symbol",)),
    _route("DELETE", "order", cancel_order, 1, ("symbol",)),
    _route("POST", "batchOrders", place_batch, 5, ("batchOrders",)),
    _route("PUT", "batchOrders", amend_batch, 5, ("batchOrders",)),
    _route("DELETE", "batchOrders", cancel_batch, 1, ("symbol",)),
    _route("DELETE", "allOpenOrders", cancel_all, 1, ("symbol",)),
    _route("GET", "openOrder", open_order, 1, ("symbol",)),
    _route("GET", "openOrders", open_orders),
    _route("GET", "allOrders", all_orders, 5, ("symbol",)),
    _route("GET", "userTrades", user_trades, 5),
    _route("GET", "forceOrders", force_orders, 20),
)
