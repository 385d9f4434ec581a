"""ccxt's binanceusdm, over HTTP and WebSocket, against a running exchange."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest

from tests.fixtures.perpetuals import futures_account, trader
from tests.fixtures.simulator import HOUR_MS, Simulator

PAIR = "BTC/USDT:USDT"


@pytest.fixture
def client(perpetuals: Simulator, request: pytest.FixtureRequest) -> Any:
    found = trader(perpetuals, futures_account(perpetuals, request.node.name[-90:]))
    found.load_markets()
    return found


def test_markets_carry_the_rules_of_the_contracts(client: Any) -> None:
    market = client.market(PAIR)

    assert (market["linear"], market["swap"], market["contractSize"]) == (True, True, 1)
    assert market["precision"]["price"] == 0.1
    assert market["precision"]["amount"] == 0.001
    assert market["limits"]["cost"]["min"] == 100


def test_a_market_order_opens_a_position_and_pays_its_fee_from_the_wallet(client: Any) -> None:
    order = client.create_order(PAIR, "market", "buy", 0.1)

    assert (order["status"], order["filled"]) == ("closed", 0.1)
    position = client.fetch_positions([PAIR])[0]
    assert (position["side"], position["contracts"]) == ("long", 0.1)
    assert position["entryPrice"] == order["average"]
    trades = client.fetch_my_trades(PAIR)
    fee = sum(trade["fee"]["cost"] for trade in trades)
    assert fee == pytest.approx(order["cost"] * 0.0005)
    wallet = client.fetch_balance()["info"]["assets"][0]["walletBalance"]
    assert float(wallet) == pytest.approx(10_000 - fee)


async def test_streams_tell_orders_positions_and_marks(perpetuals: Simulator, client: Any) -> None:
    account = {"api_key": client.apiKey, "secret": client.secret}
    pro = trader(perpetuals, account, ccxt.pro.binanceusdm)
    heard: list[dict[str, Any]] = []
    keep = pro.handle_message

    def note(socket: Any, message: Any) -> Any:
        heard.append(message)
        return keep(socket, message)

    pro.handle_message = note
    try:
        await pro.load_markets()
        waiting = [
            asyncio.create_task(pro.watch_orders()),
            asyncio.create_task(pro.watch_positions()),
            asyncio.create_task(pro.watch_ohlcv(PAIR, "1h")),
            asyncio.create_task(pro.watch_bids_asks([PAIR])),
            asyncio.create_task(pro.watch_mark_price(PAIR)),
        ]
        await asyncio.sleep(0.7)
        await asyncio.to_thread(client.set_leverage, 10, PAIR)
        stop = {"stopLossPrice": 49_999.5, "reduceOnly": True}
        await asyncio.to_thread(client.create_order, PAIR, "market", "buy", 0.1)
        await asyncio.to_thread(client.create_order, PAIR, "market", "sell", 0.1, None, stop)
        await asyncio.to_thread(perpetuals.control, "POST", "advance", {})
        await asyncio.sleep(0.5)
    finally:
        for task in waiting:
            task.cancel()
        await pro.close()

    steps = [message["o"] for message in heard if message.get("e") == "ORDER_TRADE_UPDATE"]
    assert [(step["x"], step["X"], step["S"]) for step in steps] == [
        ("NEW", "NEW", "BUY"), ("TRADE", "FILLED", "BUY"),
        ("NEW", "NEW", "SELL"), ("TRADE", "FILLED", "SELL"),
    ]  # fmt: skip
    algos = [message["o"]["X"] for message in heard if message.get("e") == "ALGO_UPDATE"]
    assert algos == ["NEW", "TRIGGERED", "FINISHED"]
    amounts = [m["a"]["P"][0]["pa"] for m in heard if m.get("e") == "ACCOUNT_UPDATE"]
    assert amounts == ["0.1", "0"]
    kinds = {message.get("e") for message in heard}
    assert kinds >= {"ACCOUNT_CONFIG_UPDATE", "kline", "bookTicker", "markPriceUpdate"}
    closed = [m["k"]["x"] for m in heard if m.get("e") == "kline"]
    assert closed == [True, False]


def test_terms_are_chosen_and_refused_with_the_venues_codes(client: Any) -> None:
    assert client.set_leverage(7, PAIR)["leverage"] == 7
    client.set_margin_mode("isolated", PAIR)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("isolated", PAIR)
    client.set_position_mode(True)
    assert client.fetch_position_mode()["hedged"] is True
    leverage = client.fetch_leverage(PAIR)
    assert (leverage["longLeverage"], leverage["marginMode"]) == (7, "isolated")
    tiers = client.fetch_leverage_tiers([PAIR])[PAIR]
    assert (tiers[0]["maxLeverage"], tiers[0]["maintenanceMarginRate"]) == (125, 0.004)

    client.create_order(PAIR, "market", "buy", 0.01, None, {"positionSide": "LONG"})
    client.create_order(PAIR, "market", "sell", 0.02, None, {"positionSide": "SHORT"})

    held = {p["side"]: p for p in client.fetch_positions([PAIR])}
    assert (held["long"]["contracts"], held["short"]["contracts"]) == (0.01, 0.02)
    assert held["long"]["marginMode"] == "isolated"
    assert held["short"]["liquidationPrice"] > held["short"]["entryPrice"]
    # ccxt tells these errors apart by the venue's host name, which this exchange has not
    with pytest.raises(ccxt.ExchangeError, match="-4061"):
        client.create_order(PAIR, "market", "buy", 0.01)


def test_an_order_is_amended_found_by_both_ids_and_cancelled(client: Any) -> None:
    order = client.create_order(PAIR, "limit", "buy", 0.01, 45_000, {"clientOrderId": "mine-1"})

    client.edit_order(order["id"], PAIR, "limit", "buy", 0.02, 45_100)

    found = client.fetch_order(None, PAIR, {"origClientOrderId": "mine-1"})
    assert (found["id"], found["amount"], found["price"]) == (order["id"], 0.02, 45_100)
    client.cancel_order(order["id"], PAIR)
    assert client.fetch_order(order["id"], PAIR)["status"] == "canceled"
    batch = [
        {"symbol": PAIR, "type": "limit", "side": "buy", "amount": amount, "price": 45_000}
        for amount in (0.01, 0.02)
    ]
    assert len(client.create_orders(batch)) == 2
    client.cancel_all_orders(PAIR)
    assert client.fetch_open_orders(PAIR) == []
    with pytest.raises(ccxt.ExchangeError, match="-2019"):
        client.create_order(PAIR, "limit", "buy", 10, 45_000)
    with pytest.raises(ccxt.ExchangeError, match="-5022"):
        client.create_order(PAIR, "limit", "buy", 0.01, 51_000, {"postOnly": True})


def test_conditional_orders_live_apart(client: Any) -> None:
    terms = {"stopLossPrice": 45_000, "clientOrderId": "stop-1", "reduceOnly": True}
    client.create_order(PAIR, "market", "buy", 0.01)
    stop = client.create_order(PAIR, "market", "sell", 0.01, None, terms)
    client.create_order(
        PAIR, "market", "sell", 0.01, None, {"trailingPercent": 1, "trailingTriggerPrice": 55_000}
    )

    assert client.fetch_open_orders(PAIR) == []
    waiting = client.fetch_open_orders(PAIR, params={"trigger": True})
    kinds = [order["info"]["orderType"] for order in waiting]
    assert kinds == ["STOP_MARKET", "TRAILING_STOP_MARKET"]
    with pytest.raises(ccxt.ExchangeError, match="-2021"):
        client.create_order(PAIR, "market", "sell", 0.01, None, {"stopLossPrice": 55_000})
    assert client.cancel_order(stop["id"], PAIR, {"trigger": True})["id"] == stop["id"]
    client.cancel_all_orders(PAIR, {"trigger": True})
    assert client.fetch_open_orders(PAIR, params={"trigger": True}) == []


def test_funding_marks_and_income_are_told(perpetuals: Simulator, client: Any) -> None:
    client.create_order(PAIR, "market", "buy", 0.1)
    for _ in range(8):
        perpetuals.control("POST", "advance", {})

    paid = client.fetch_funding_history(PAIR)
    rate = client.fetch_funding_rate(PAIR)
    past = client.fetch_funding_rate_history(PAIR)

    assert len(paid) == 1
    assert paid[0]["amount"] == pytest.approx(-0.1 * rate["markPrice"] * 0.0005, rel=0.01)
    assert (rate["fundingRate"], past[-1]["fundingRate"]) == (0.0005, 0.0005)
    assert rate["fundingTimestamp"] % (8 * HOUR_MS) == 0
    assert paid[0]["timestamp"] == past[-1]["timestamp"]
    marks = client.fetch_mark_ohlcv(PAIR, "1h", limit=3)
    candles = client.fetch_ohlcv(PAIR, "1h", limit=3)
    assert [row[0] for row in marks] == [row[0] for row in candles]
    assert marks[-1][4] == pytest.approx(candles[-1][4], rel=0.001)


def test_a_knob_liquidates_and_the_exchange_says_so(perpetuals: Simulator, client: Any) -> None:
    name = next(n for n in perpetuals.control("GET", "state")["accounts"] if n.endswith("says_so"))
    client.create_order(PAIR, "market", "buy", 0.1)

    for kind in ("liquidation", "auto_deleverage"):
        perpetuals.control("POST", "faults", {"kind": kind, "account": name, "symbol": PAIR})
        assert client.fetch_positions([PAIR]) == []
        client.create_order(PAIR, "market", "sell", 0.1)

    forced = client.fapiPrivateGetForceOrders({"symbol": "BTCUSDT"})
    names = [row["clientOrderId"] for row in forced]
    assert names[0].startswith("autoclose-")
    assert names[1] == "adl_autoclose"
    state = perpetuals.control("GET", "state")["accounts"][name]["futures"]
    flows = {key: Decimal(value) for key, value in state["wallets"]["USDT"].items()}
    assert flows["balance"] == (
        flows["deposited"] + flows["realised"] - flows["fees"] + flows["funding"]
    )
