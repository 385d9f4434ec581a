"""ccxt's binanceusdm, over HTTP and WebSocket, against a running exchange."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt.pro
import pytest

from tests.fixtures.perpetuals import futures_account, trader
from tests.fixtures.simulator import Simulator

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
