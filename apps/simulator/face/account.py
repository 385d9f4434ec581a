"""Signed endpoints that ask: balances, orders, trades. And the listen key of the old user stream."""

from __future__ import annotations

import secrets
from typing import LiteralString

from apps.simulator.domain.orders import Order
from apps.simulator.domain.refusals import Refusal, no_such_order
from apps.simulator.face.calls import KEYED, SIGNED, Call, Route
from apps.simulator.face.market import spot_symbols
from apps.simulator.face.render import Json, account_info, own_trade, queried, text


async def account(call: Call) -> Json:
    """Return balances and rates."""
    answer = account_info(call.account, call.exchange.now_ms())
    if call.params.text("omitZeroBalances").lower() == "true":
        answer["balances"] = [
            row for row in answer["balances"] if float(row["free"]) or float(row["locked"])
        ]
    await call.exchange.journal.settled()
    return answer


async def trade_fee(call: Call) -> list[Json]:
    """Return the account's rates for one or all symbols."""
    wanted = call.params.symbols() or spot_symbols(call.exchange.ledger)
    fees = call.account.fees
    return [
        {"symbol": call.exchange.ledger.instrument(symbol).symbol, "makerCommission": text(fees.maker), "takerCommission": text(fees.taker)}
        for symbol in wanted
    ]  # fmt: skip


async def nothing(_: Call) -> list[Json]:
    """Return an empty list: no margin pairs, no wallet networks. ccxt asks when it loads markets."""
    return []


async def query_order(call: Call) -> Json:
    """Return one order, open or not.

    :raises Refusal: -2013 when the account has none of that id.
    """
    params, exchange = call.params, call.exchange
    symbol = exchange.ledger.instrument(params.text("symbol")).symbol
    order_id, client_id = params.integer("orderId", 0) or 0, params.client_id("origClientOrderId")
    if not order_id and not client_id:
        raise Refusal(
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        )
    owner = call.account.account_id
    order = exchange.ledger.find(owner, symbol, order_id=order_id, client_id=client_id)
    answer = queried(order) if order else None
    await exchange.journal.settled()
    if answer is not None:
        return answer
    found = await exchange.store.orders(
        "account_id = %s AND symbol = %s AND (%s::bigint = 0 OR order_id = %s) "
        "AND (%s::text = '' OR client_order_id = %s) ORDER BY order_id DESC LIMIT 1",
        (owner, symbol, order_id, order_id, client_id, client_id),
    )
    if not found:
        raise no_such_order()
    return queried(found[0])


async def open_orders(call: Call) -> list[Json]:
    """Return open orders of one symbol or of all, oldest first."""
    ledger = call.exchange.ledger
    symbol = (
        ledger.instrument(call.params.text("symbol")).symbol if call.params.has("symbol") else None
    )
    orders = sorted(ledger.orders_of(call.account.account_id, symbol), key=_by_id)
    answer = [queried(order) for order in orders]
    await call.exchange.journal.settled()
    return answer


async def all_orders(call: Call) -> list[Json]:
    """Return orders of a symbol, open or not, oldest first: from an id, from a time, or the latest."""
    where, values, newest = _range(call, "order_id", "created_ms", "orderId")
    await call.exchange.journal.settled()
    found = await call.exchange.store.orders(where, values)
    return [queried(order) for order in (reversed(found) if newest else found)]


async def my_trades(call: Call) -> list[Json]:
    """Return trades of a symbol, oldest first: of an order, from an id, from a time, or the latest."""
    where, values, newest = _range(call, "trade_id", "at_ms", "fromId")
    order_id = call.params.integer("orderId", 0) or 0
    if order_id:
        where = "order_id = %s AND " + where
        values = [order_id, *values]
    await call.exchange.journal.settled()
    found = await call.exchange.store.trades(where, values)
    return [own_trade(trade) for trade in (reversed(found) if newest else found)]


async def start_user_stream(call: Call) -> Json:
    """Return a listen key for /ws/<listen key>."""
    key = secrets.token_hex(32)[:60]
    call.listen_keys[key] = call.account.account_id
    return {"listenKey": key}


async def keep_user_stream(call: Call) -> Json:
    """Keep a listen key alive.

    :raises Refusal: -1125 when there is no such key.
    """
    if call.listen_keys.get(call.params.text("listenKey")) != call.account.account_id:
        raise Refusal(-1125, "This listenKey does not exist.")
    return {}


async def close_user_stream(call: Call) -> Json:
    """Forget a listen key.

    :raises Refusal: -1125 when there is no such key.
    """
    await keep_user_stream(call)
    del call.listen_keys[call.params.text("listenKey")]
    return {}


def _by_id(order: Order) -> int:
    return order.order_id


def _range(
    call: Call, number: LiteralString, time: LiteralString, start_param: str
) -> tuple[LiteralString, list[int | str], bool]:
    """Return condition, its values, and whether the rows come newest first."""
    params = call.params
    symbol = call.exchange.ledger.instrument(params.text("symbol")).symbol
    start, end = params.integer("startTime"), params.integer("endTime")
    first = params.integer(start_param)
    newest = first is None and start is None
    where = "account_id = %s AND symbol = %s AND " + number + " >= %s AND " + time + " >= %s"
    where += " AND " + time + " <= %s ORDER BY " + number
    where += " DESC LIMIT %s" if newest else " LIMIT %s"
    never = 2**62
    values: list[int | str] = [call.account.account_id, symbol, first or 0, start or 0]
    values += [never if end is None else end, params.limit(500, 1000)]
    return where, values, newest


_PAGE = ("orderId", "startTime", "endTime", "limit")
ROUTES = (
    Route("GET", "/api/v3/account", account, SIGNED, 20, (), ("omitZeroBalances",)),
    Route("GET", "/sapi/v1/asset/tradeFee", trade_fee, SIGNED, 1, (), ("symbol",)),
    Route("GET", "/sapi/v1/margin/allPairs", nothing, SIGNED),
    Route("GET", "/sapi/v1/margin/isolated/allPairs", nothing, SIGNED),
    Route("GET", "/sapi/v1/capital/config/getall", nothing, SIGNED, 10),
    Route("GET", "/api/v3/order", query_order, SIGNED, 4, ("symbol",), ("orderId", "origClientOrderId")),
    Route("GET", "/api/v3/openOrders", open_orders, SIGNED, 6, (), ("symbol",)),
    Route("GET", "/api/v3/allOrders", all_orders, SIGNED, 20, ("symbol",), _PAGE),
    Route("GET", "/api/v3/myTrades", my_trades, SIGNED, 20, ("symbol",), (*_PAGE, "fromId")),
    Route("POST", "/api/v3/userDataStream", start_user_stream, KEYED, 2),
    Route("PUT", "/api/v3/userDataStream", keep_user_stream, KEYED, 2, ("listenKey",)),
    Route("DELETE", "/api/v3/userDataStream", close_user_stream, KEYED, 2, ("listenKey",)),
)  # fmt: skip
