"""Answers and stream messages have every field of the recorded ones, of the same JSON type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.recordings import differences, group, recorded
from tests.fixtures.simulator import HOUR_MS, Simulator

PAIR = "BTC/USDT"
SYMBOL = {"symbol": "BTCUSDT"}
# Documented fields that this exchange leaves out: icebergs, tax, old or empty ones.
MISSING = frozenset(
    {
        "icebergQty", "stopPrice", "discount", "preventedMatchId", "preventedQuantity", "strategyId",
        "strategyType", "trailingDelta", "trailingTime", "eR", "isIsolated", "sors",
        "",  # captured with an empty name
        "tradeGroupId", "usedSor", "workingFloor", "quoteCommissionPrecision",
    }
)  # fmt: skip
Ask = Callable[[Any], Any]


def filled(client: Any) -> Any:
    return client.private_post_order(
        SYMBOL | {"side": "BUY", "type": "MARKET", "quantity": "0.1", "newOrderRespType": "FULL"}
    )


def resting(client: Any) -> Any:
    terms = {
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.1",
        "price": "30000",
    }
    return client.private_post_order(SYMBOL | terms)


def pair(client: Any) -> Any:
    terms = {
        "side": "SELL", "quantity": "0.1", "aboveType": "LIMIT_MAKER", "abovePrice": "60000",
        "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "40000", "belowPrice": "39000",
        "belowTimeInForce": "GTC",
    }  # fmt: skip
    return client.private_post_orderlist_oco(SYMBOL | terms)


def after_pair(ask: Callable[[Any, Any], Any]) -> Ask:
    """Ask about a pair, then cancel it: there are five stops to a symbol."""

    def act(client: Any) -> None:
        found = pair(client)
        ask(client, {"orderListId": found["orderListId"]})
        answer = client.last_http_response
        for left in client.private_get_openorderlist():
            client.private_delete_orderlist(SYMBOL | {"orderListId": left["orderListId"]})
        client.last_http_response = answer

    return act


def then(first: Ask, ask: Callable[[Any, Any], Any]) -> Ask:
    return lambda client: ask(client, first(client))


ASKS: dict[tuple[str, str], Ask] = {
    ("GET", "/api/v3/ping"): lambda c: c.public_get_ping(),
    ("GET", "/api/v3/time"): lambda c: c.public_get_time(),
    ("GET", "/api/v3/exchangeInfo"): lambda c: c.public_get_exchangeinfo(),
    ("GET", "/api/v3/klines"): lambda c: c.public_get_klines(SYMBOL | {"interval": "1h"}),
    ("GET", "/api/v3/uiKlines"): lambda c: c.public_get_uiklines(SYMBOL | {"interval": "1h"}),
    ("GET", "/api/v3/ticker/24hr"): lambda c: c.public_get_ticker_24hr(SYMBOL),
    ("GET", "/api/v3/ticker/price"): lambda c: c.public_get_ticker_price(SYMBOL),
    ("GET", "/api/v3/ticker/bookTicker"): lambda c: c.public_get_ticker_bookticker(SYMBOL),
    ("GET", "/api/v3/avgPrice"): lambda c: c.public_get_avgprice(SYMBOL),
    ("GET", "/api/v3/depth"): lambda c: c.public_get_depth(SYMBOL),
    ("GET", "/api/v3/trades"): lambda c: c.public_get_trades(SYMBOL),
    ("GET", "/api/v3/aggTrades"): lambda c: c.public_get_aggtrades(SYMBOL),
    ("GET", "/api/v3/account"): lambda c: c.private_get_account(),
    ("POST", "/api/v3/order"): filled,
    ("GET", "/api/v3/order"): then(
        resting, lambda c, o: c.private_get_order(SYMBOL | {"orderId": o["orderId"]})
    ),
    ("DELETE", "/api/v3/order"): then(
        resting, lambda c, o: c.private_delete_order(SYMBOL | {"orderId": o["orderId"]})
    ),
    ("GET", "/api/v3/openOrders"): then(resting, lambda c, _: c.private_get_openorders(SYMBOL)),
    ("DELETE", "/api/v3/openOrders"): then(
        resting, lambda c, _: c.private_delete_openorders(SYMBOL)
    ),
    ("GET", "/api/v3/allOrders"): then(resting, lambda c, _: c.private_get_allorders(SYMBOL)),
    ("GET", "/api/v3/myTrades"): then(filled, lambda c, _: c.private_get_mytrades(SYMBOL)),
    ("POST", "/api/v3/order/cancelReplace"): then(
        resting,
        lambda c, o: c.private_post_order_cancelreplace(
            SYMBOL
            | {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}
            | {
                "price": "31000",
                "cancelReplaceMode": "STOP_ON_FAILURE",
                "cancelOrderId": o["orderId"],
            }
        ),
    ),
    ("POST", "/api/v3/userDataStream"): lambda c: c.public_post_userdatastream(),
    ("POST", "/api/v3/orderList/oco"): after_pair(lambda _, __: None),
    ("GET", "/api/v3/orderList"): after_pair(lambda c, o: c.private_get_orderlist(o)),
    ("GET", "/api/v3/allOrderList"): after_pair(lambda c, _: c.private_get_allorderlist()),
    ("GET", "/api/v3/openOrderList"): after_pair(lambda c, _: c.private_get_openorderlist()),
    ("DELETE", "/api/v3/orderList"): after_pair(
        lambda c, o: c.private_delete_orderlist(SYMBOL | o)
    ),
    ("PUT", "/api/v3/order/amend/keepPriority"): then(
        resting,
        lambda c, o: c.fetch2(
            "order/amend/keepPriority",
            ["private"],
            "PUT",
            SYMBOL | {"orderId": o["orderId"], "newQty": "0.05"},
        ),
    ),
}
# Captures without a path, by name.
NAMED = {
    "fetch_ohlcv_BTC_USDT": ("GET", "/api/v3/klines"),
    "fetch_order_book_BTC_USDT": ("GET", "/api/v3/depth"),
    "fetch_ticker_BTC_USDT": ("GET", "/api/v3/ticker/24hr"),
    "fetch_ticker_ETH_USDT": ("GET", "/api/v3/ticker/24hr"),
    "fetch_trades_BTC_USDT": ("GET", "/api/v3/aggTrades"),
    "account_response": ("GET", "/api/v3/account"),
    "account_trades_response": ("GET", "/api/v3/myTrades"),
    "all_orders_response": ("GET", "/api/v3/allOrders"),
    "avg_price_response": ("GET", "/api/v3/avgPrice"),
    "book_ticker_response": ("GET", "/api/v3/ticker/bookTicker"),
    "cancel_open_orders_response": ("DELETE", "/api/v3/openOrders"),
    "cancel_order_response": ("DELETE", "/api/v3/order"),
    "depth_response": ("GET", "/api/v3/depth"),
    "exchange_info_response": ("GET", "/api/v3/exchangeInfo"),
    "klines_response": ("GET", "/api/v3/klines"),
    "new_order_full_response": ("POST", "/api/v3/order"),
    "open_orders_response": ("GET", "/api/v3/openOrders"),
    "order_response": ("GET", "/api/v3/order"),
    "ping_response": ("GET", "/api/v3/ping"),
    "server_time_response": ("GET", "/api/v3/time"),
    "ticker_24hr_response": ("GET", "/api/v3/ticker/24hr"),
    "ticker_price_response": ("GET", "/api/v3/ticker/price"),
    "trades_response": ("GET", "/api/v3/trades"),
}


def route(name: str, case: Any) -> tuple[str, str]:
    request = case["request"]
    return NAMED.get(name) or (request.get("method") or "", request.get("path") or "")


ANSWERS = [
    (f"{kind}-{name}", (route(name, case), case["response"]))
    for kind in ("rest", "captured", "ccxt_live", "rest_nautilus")
    for name, case in group(kind)
    if route(name, case) in ASKS and case["status"] == 200
]


@pytest.fixture(scope="module")
def trader(simulator: Simulator) -> Any:
    client = simulator.client(simulator.account("answers"))
    client.load_markets()
    yield client
    for order in client.fetch_open_orders(PAIR):
        client.cancel_order(order["id"], PAIR)


@pytest.mark.recorded
@recorded(ANSWERS)
def test_an_answer_has_the_fields_and_types_of_the_recorded_one(
    trader: Any, name: str, case: Any
) -> None:
    asked, theirs = case
    ASKS[asked](trader)
    ours = json.loads(trader.last_http_response)

    assert differences(ours, theirs, missing=MISSING) == []
    assert ours or not theirs


def events(kind: str) -> list[tuple[str, Any]]:
    """Return the recorded messages of streams that this exchange has."""
    found = []
    for name, case in group(kind):
        data = next(m["message"] for m in case["messages"] if m["dir"] == "server_data")
        data = data.get("event") or data.get("data") or data
        known = data.get("e") in HEARD or "lastUpdateId" in data or {"u", "b", "B"} <= set(data)
        if known:
            found.append((f"{kind}-{name}", data))
    return found


HEARD = {
    "executionReport", "listStatus", "outboundAccountPosition", "balanceUpdate", "kline", "24hrTicker",
    "24hrMiniTicker", "trade", "aggTrade",
}  # fmt: skip
STREAMS = ["kline_1h", "ticker", "miniTicker", "bookTicker", "trade", "aggTrade", "depth5@100ms"]


@pytest.fixture(scope="module")
def heard(simulator: Simulator) -> list[dict[str, Any]]:
    """One message of every kind, as ccxt's own sockets receive them."""
    account = simulator.account("listener")
    client, messages = simulator.client(account), []
    client.load_markets()

    async def listen() -> None:
        pro = simulator.pro(account)
        pro.handle_message = lambda _, message: messages.append(message)
        request = {"method": "SUBSCRIBE", "params": [f"btcusdt@{s}" for s in STREAMS], "id": 1}
        signed = {
            "id": "2",
            "method": "userDataStream.subscribe.signature",
            "params": pro.sign_params({}),
        }
        api = pro.urls["api"]["ws"]
        waiting = [
            pro.watch(api["spot"], "none", request, "none"),
            pro.watch(api["ws-api"]["spot"], "none", signed, "none"),
        ]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(act)
        await asyncio.sleep(0.5)
        for task in waiting:
            task.cancel()
        await pro.close()

    def act() -> None:
        order = client.create_order(PAIR, "limit", "buy", 0.1, 30_000)
        client.cancel_order(order["id"], PAIR)
        client.create_order(PAIR, "market", "buy", 0.1)
        after_pair(lambda _, __: None)(client)
        simulator.control(
            "POST", "deposit", {"account": "listener", "asset": "USDT", "amount": "5"}
        )
        simulator.control("POST", "advance", {})

    asyncio.run(listen())
    return [message.get("event", message) for message in messages]


def alike(heard: list[dict[str, Any]], theirs: Any) -> dict[str, Any]:
    """Return the heard message of the same kind, and of the same execution type."""
    for ours in heard:
        same = ours.get("e") == theirs.get("e") and set(ours) & set(theirs)
        step = theirs["x"] if theirs.get("e") == "executionReport" else None
        if same and step in {None, "EXPIRED", ours.get("x")}:
            if "lastUpdateId" in theirs and "lastUpdateId" not in ours:
                continue
            if "u" in theirs and "u" not in ours:
                continue
            return ours
    raise AssertionError(f"nothing like {theirs} was heard")


@pytest.mark.recorded
@recorded(events("ws") + events("ws_nautilus"))
def test_a_stream_message_has_the_fields_and_types_of_the_recorded_one(
    heard: list[dict[str, Any]], name: str, case: Any
) -> None:
    assert differences(alike(heard, case), case, missing=MISSING) == []


def test_a_closed_candle_is_followed_by_the_first_of_the_next(heard: list[dict[str, Any]]) -> None:
    klines = [event["k"] for event in heard if event.get("e") == "kline"]
    closed = next(index for index, kline in enumerate(klines) if kline["x"])

    following = klines[closed + 1]
    assert (following["t"], following["x"]) == (klines[closed]["t"] + HOUR_MS, False)
