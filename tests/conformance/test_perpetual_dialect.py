"""Recorded requests are answered by /fapi, with every field of the recorded answers and messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ccxt.pro
import pytest

from tests.conformance.recordings import differences, group, recorded
from tests.conformance.test_requests import KEY, SECRET, send
from tests.fixtures.perpetuals import futures_account, perpetuals, trader
from tests.fixtures.simulator import Simulator

__all__ = ["perpetuals"]
PAIR = "BTC/USDT:USDT"
VENUE = "binanceusdm"
SYMBOL = {"symbol": "BTCUSDT"}
LIMIT = SYMBOL | {
    "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "45000",
}  # fmt: skip
STOP = SYMBOL | {
    "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "quantity": "0.01", "triggerPrice": "45000",
}  # fmt: skip
# What the exchange refuses, and with which code: orders it has not, and what this one does not do.
REFUSED = {
    "swap_limit_sell": 0,
    "swap_limit_fok": 0,
    "swap_entry_with_attached_tp_sl": 0,
    "swap_reduce_only_limit": -2022,
    "swap_reduce_only_market": -2022,
    "swap_hedged_long": -4061,
    "swap_cancel_order": -2011,
    "swap_cancel_order_by_client_id": -2011,
    "swap_cancel_trigger_order": -2011,
    "swap_edit_order": -2013,
    "swap_fetch_order": -2013,
}
# Left out on purpose: old fields, and those of other order types and margin modes.
MISSING = frozenset(
    {
        "activatePrice", "callbackRate", "priceRate", "cumBase", "tradeGroupId", "st", "marginAvailable", "si", "ss",
        "AP", "cr", "b", "a", "pm", "gtd", "V", "disclaimer", "feeTier", "ps", "iw", "deliveryDate", "autoAssetExchange",
        "maxMoveOrderLimit", "updateTime", "permissionSets",
    }
)  # fmt: skip
Ask = Callable[[Any], Any]
SENT = [
    (name, case)
    for name, case in group("ccxt_requests", venue=VENUE)
    if "requests" in case and name != "swap_fetch_status"
]


@pytest.fixture(scope="module")
def face(perpetuals: Simulator) -> Simulator:
    wanted = {"name": "recorded", "api_key": KEY, "secret": SECRET, "futures": {"balances": {"USDT": "100000"}}}  # fmt: skip
    perpetuals.control("POST", "accounts", wanted)
    return perpetuals


def start_afresh(face: Simulator) -> None:
    """Leave the account without orders and positions, in one-way mode and with cross margin."""
    client = trader(face, {"api_key": KEY, "secret": SECRET})
    client.fapiPrivateDeleteAllOpenOrders(SYMBOL)
    client.fapiPrivateDeleteAlgoOpenOrders(SYMBOL)
    face.control("POST", "faults", {"kind": "auto_deleverage", "account": "recorded"})
    for undo in (
        lambda: client.fapiPrivatePostMarginType(SYMBOL | {"marginType": "CROSSED"}),
        lambda: client.fapiPrivatePostPositionSideDual({"dualSidePosition": "false"}),
    ):
        with suppress(ccxt.ExchangeError):
            undo()


@pytest.mark.recorded
@recorded(SENT)
def test_a_recorded_request_is_answered_as_the_exchange_would(
    face: Simulator, name: str, case: Any
) -> None:
    start_afresh(face)
    for sent in case["requests"]:
        status, answer = send(face, sent)
        if REFUSED.get(name):
            assert (status, answer["code"]) == (400, REFUSED[name])
        elif name not in REFUSED:
            assert status == 200, answer


def resting(client: Any) -> Any:
    return client.fapiPrivatePostOrder(LIMIT)


def waiting(client: Any) -> Any:
    return client.fapiPrivatePostAlgoOrder(STOP)


def filled(client: Any) -> Any:
    return client.fapiPrivatePostOrder(
        SYMBOL | {"side": "BUY", "type": "MARKET", "quantity": "0.01"}
    )


def of(order: Any, name: str) -> dict[str, Any]:
    return SYMBOL | {name: order[name]}


ASKS: dict[tuple[str, str], Ask] = {
    ("GET", "/fapi/v1/time"): lambda c: c.fapiPublicGetTime(),
    ("GET", "/fapi/v1/exchangeInfo"): lambda c: c.fapiPublicGetExchangeInfo(),
    ("GET", "/fapi/v1/klines"): lambda c: c.fapiPublicGetKlines(SYMBOL | {"interval": "1h"}),
    ("GET", "/fapi/v1/markPriceKlines"): lambda c: c.fapiPublicGetMarkPriceKlines(SYMBOL | {"interval": "1h"}),
    ("GET", "/fapi/v1/premiumIndex"): lambda c: c.fapiPublicGetPremiumIndex(SYMBOL),
    ("GET", "/fapi/v1/fundingRate"): lambda c: c.fapiPublicGetFundingRate(SYMBOL),
    ("GET", "/fapi/v1/fundingInfo"): lambda c: c.fapiPublicGetFundingInfo(),
    ("GET", "/fapi/v1/ticker/24hr"): lambda c: c.fapiPublicGetTicker24hr(SYMBOL),
    ("GET", "/fapi/v2/ticker/price"): lambda c: c.fapiPublicV2GetTickerPrice(SYMBOL),
    ("GET", "/fapi/v1/ticker/bookTicker"): lambda c: c.fapiPublicGetTickerBookTicker(SYMBOL),
    ("GET", "/fapi/v1/depth"): lambda c: c.fapiPublicGetDepth(SYMBOL),
    ("GET", "/fapi/v1/trades"): lambda c: c.fapiPublicGetTrades(SYMBOL),
    ("GET", "/fapi/v1/aggTrades"): lambda c: c.fapiPublicGetAggTrades(SYMBOL),
    ("GET", "/fapi/v1/openInterest"): lambda c: c.fapiPublicGetOpenInterest(SYMBOL),
    ("POST", "/fapi/v1/order"): resting,
    ("GET", "/fapi/v1/order"): lambda c: c.fapiPrivateGetOrder(of(resting(c), "orderId")),
    ("GET", "/fapi/v1/openOrder"): lambda c: c.fapiPrivateGetOpenOrder(of(resting(c), "orderId")),
    ("GET", "/fapi/v1/openOrders"): lambda c: [resting(c), c.fapiPrivateGetOpenOrders(SYMBOL)],
    ("GET", "/fapi/v1/allOrders"): lambda c: [resting(c), c.fapiPrivateGetAllOrders(SYMBOL)],
    ("PUT", "/fapi/v1/order"): lambda c: c.fapiPrivatePutOrder(LIMIT | of(resting(c), "orderId") | {"price": "45001"}),
    ("DELETE", "/fapi/v1/order"): lambda c: c.fapiPrivateDeleteOrder(of(resting(c), "orderId")),
    ("DELETE", "/fapi/v1/allOpenOrders"): lambda c: c.fapiPrivateDeleteAllOpenOrders(SYMBOL),
    ("POST", "/fapi/v1/algoOrder"): waiting,
    ("GET", "/fapi/v1/algoOrder"): lambda c: c.fapiPrivateGetAlgoOrder(of(waiting(c), "algoId")),
    ("GET", "/fapi/v1/openAlgoOrders"): lambda c: [waiting(c), c.fapiPrivateGetOpenAlgoOrders(SYMBOL)],
    ("GET", "/fapi/v1/allAlgoOrders"): lambda c: [waiting(c), c.fapiPrivateGetAllAlgoOrders(SYMBOL)],
    ("DELETE", "/fapi/v1/algoOrder"): lambda c: c.fapiPrivateDeleteAlgoOrder(of(waiting(c), "algoId")),
    ("DELETE", "/fapi/v1/algoOpenOrders"): lambda c: c.fapiPrivateDeleteAlgoOpenOrders(SYMBOL),
    ("GET", "/fapi/v2/account"): lambda c: [filled(c), c.fapiPrivateV2GetAccount()],
    ("GET", "/fapi/v3/account"): lambda c: [filled(c), c.fapiPrivateV3GetAccount()],
    ("GET", "/fapi/v3/balance"): lambda c: c.fapiPrivateV3GetBalance(),
    ("GET", "/fapi/v2/positionRisk"): lambda c: [filled(c), c.fapiPrivateV2GetPositionRisk()],
    ("GET", "/fapi/v3/positionRisk"): lambda c: [filled(c), c.fapiPrivateV3GetPositionRisk()],
    ("GET", "/fapi/v1/userTrades"): lambda c: [filled(c), c.fapiPrivateGetUserTrades(SYMBOL)],
    ("GET", "/fapi/v1/income"): lambda c: [filled(c), c.fapiPrivateGetIncome()],
    ("GET", "/fapi/v1/leverageBracket"): lambda c: c.fapiPrivateGetLeverageBracket(),
    ("GET", "/fapi/v1/symbolConfig"): lambda c: c.fapiPrivateGetSymbolConfig(),
    ("GET", "/fapi/v1/accountConfig"): lambda c: c.fapiPrivateGetAccountConfig(),
    ("GET", "/fapi/v1/multiAssetsMargin"): lambda c: c.fapiPrivateGetMultiAssetsMargin(),
    ("POST", "/fapi/v1/leverage"): lambda c: c.fapiPrivatePostLeverage(SYMBOL | {"leverage": 21}),
    ("POST", "/fapi/v1/listenKey"): lambda c: c.fapiPrivatePostListenKey(),
}  # fmt: skip


def route(case: Any) -> tuple[str, str]:
    return case["request"].get("method") or "", case["request"].get("path") or ""


ANSWERS = [
    (f"{kind}-{name}", (route(case), case["response"]))
    for kind in ("rest", "captured", "rest_nautilus")
    for name, case in group(kind, venue=VENUE)
    if route(case) in ASKS and case["status"] == 200 and "msg" not in case["response"]
]


@pytest.fixture(scope="module")
def client(perpetuals: Simulator) -> Any:
    account = futures_account(perpetuals, "answers", balances={"USDT": "1000000"})
    found = trader(perpetuals, account)
    found.load_markets()
    return found


@pytest.mark.recorded
@recorded(ANSWERS)
def test_an_answer_has_the_fields_and_types_of_the_recorded_one(
    client: Any, name: str, case: Any
) -> None:
    asked, theirs = case
    client.fapiPrivateDeleteAlgoOpenOrders(SYMBOL)
    ASKS[asked](client)
    ours = json.loads(client.last_http_response)
    if isinstance(theirs, list) and isinstance(ours, dict):
        theirs = theirs[0]  # recorded without a symbol

    assert differences(ours, theirs, missing=MISSING) == []
    assert ours or not theirs


HEARD = {
    "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE", "ALGO_UPDATE", "ORDER_TRADE_UPDATE", "aggTrade",
    "bookTicker", "depthUpdate", "kline", "markPriceUpdate", "24hrTicker", "24hrMiniTicker", "trade",
}  # fmt: skip
STREAMS = ["kline_1h", "ticker", "miniTicker", "bookTicker", "trade", "aggTrade", "depth5@100ms", "markPrice"]  # fmt: skip


def messages() -> list[tuple[str, Any]]:
    found = []
    for kind in ("ws", "ws_nautilus"):
        for name, case in group(kind, venue=VENUE):
            data = next(m["message"] for m in case["messages"] if m["dir"] == "server_data")
            data = data.get("data") or data
            if isinstance(data, dict) and data.get("e") in HEARD and "ai" not in data:
                found.append((f"{kind}-{name}", data))
    return found


@pytest.fixture(scope="module")
def heard(perpetuals: Simulator, client: Any) -> list[dict[str, Any]]:
    """One message of every kind, as ccxt's own sockets receive them."""
    pro = trader(perpetuals, {"api_key": client.apiKey, "secret": client.secret}, ccxt.pro.binanceusdm)  # fmt: skip
    told: list[dict[str, Any]] = []
    pro.handle_message = lambda _, message: told.append(message)
    key = client.fapiPrivatePostListenKey()["listenKey"]

    async def listen() -> None:
        request = {"method": "SUBSCRIBE", "params": [f"btcusdt@{s}" for s in STREAMS], "id": 1}
        waits = [
            pro.watch(f"{pro.get_ws_url('linear', 'market')}/0", "none", request, "none"),
            pro.watch(pro.get_private_ws_url("linear", key), "none", None, "none"),
        ]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(act)
        await asyncio.sleep(0.5)
        for wait in waits:
            wait.cancel()
        await pro.close()

    def act() -> None:
        client.fapiPrivatePostLeverage(SYMBOL | {"leverage": 20})
        client.fapiPrivateDeleteOrder(of(resting(client), "orderId"))
        filled(client)
        client.fapiPrivateDeleteAlgoOrder(of(waiting(client), "algoId"))
        perpetuals.control("POST", "advance", {})

    asyncio.run(listen())
    return told


@pytest.mark.recorded
@recorded(messages())
def test_a_stream_message_has_the_fields_and_types_of_the_recorded_one(
    heard: list[dict[str, Any]], name: str, case: Any
) -> None:
    alike = [event for event in heard if event.get("e") == case["e"]]
    step = case["o"].get("x") if case["e"] == "ORDER_TRADE_UPDATE" else None
    alike = [e for e in alike if step not in {"TRADE", "NEW"} or e["o"]["x"] == step]

    assert alike, f"nothing like {case} was heard"
    assert differences(alike[0], case, missing=MISSING) == []
