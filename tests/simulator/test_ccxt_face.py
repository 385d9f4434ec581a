"""ccxt itself, sync and over WebSocket, against a running exchange."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator


@pytest.fixture
def trader(simulator: Simulator, request: pytest.FixtureRequest) -> Any:
    client = simulator.client(simulator.account(request.node.name[-90:]))
    client.load_markets()
    return client


def advance(simulator: Simulator) -> dict[str, Any]:
    return simulator.control("POST", "advance", {})


def test_markets_carry_the_rules_of_the_instruments(trader: Any) -> None:
    market = trader.market("BTC/USDT")

    assert market["precision"] == {"amount": 1e-05, "price": 0.01, "base": 1e-08, "quote": 1e-08}
    assert market["limits"]["cost"]["min"] == 5


def test_a_market_buy_fills_at_the_close_with_spread_and_pays_in_what_it_received(
    trader: Any,
) -> None:
    order = trader.create_order("BTC/USDT", "market", "buy", 1)

    assert order["status"] == "closed"
    assert order["filled"] == 1
    assert order["average"] > trader.fetch_ticker("BTC/USDT")["last"]
    assert (order["fee"]["currency"], order["fee"]["cost"]) == ("BTC", 0.001)
    balance = trader.fetch_balance()
    assert balance["BTC"]["total"] == 10.999
    assert Decimal(str(balance["USDT"]["total"])) == 100_000 - Decimal(str(order["cost"]))


def test_the_part_above_the_volume_share_expires(simulator: Simulator) -> None:
    whale = simulator.client(simulator.account("whale", balances={"BTC": "200"}))
    whale.load_markets()

    order = whale.create_order("BTC/USDT", "market", "sell", 150)

    assert (order["status"], order["filled"], order["remaining"]) == ("expired", 100, 50)
    assert whale.fetch_balance()["BTC"] == {"free": 100, "used": 0, "total": 100}


def test_a_resting_order_can_be_found_by_both_ids_and_cancelled(trader: Any) -> None:
    order = trader.create_order(
        "BTC/USDT", "limit", "buy", 0.1, 30_000, {"clientOrderId": "mine-1"}
    )

    assert trader.fetch_order(order["id"], "BTC/USDT")["status"] == "open"
    by_client = trader.fetch_order(None, "BTC/USDT", {"origClientOrderId": "mine-1"})
    assert by_client["id"] == order["id"]
    assert trader.fetch_balance()["USDT"]["used"] == 3000
    trader.cancel_order(order["id"], "BTC/USDT")
    assert trader.fetch_order(order["id"], "BTC/USDT")["status"] == "canceled"
    assert trader.fetch_balance()["USDT"]["used"] == 0
    assert [o["id"] for o in trader.fetch_open_orders()] == []


def test_an_edit_replaces_the_order(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "limit", "buy", 0.1, 30_000)

    edited = trader.edit_order(order["id"], "BTC/USDT", "limit", "buy", 0.1, 31_000)

    assert [o["id"] for o in trader.fetch_open_orders("BTC/USDT")] == [edited["id"]]


def test_a_sixth_stop_order_is_refused(trader: Any) -> None:
    for number in range(5):
        trader.create_order(
            "BTC/USDT", "market", "sell", 0.1, None, {"stopLossPrice": 40_000 + number}
        )

    with pytest.raises(ccxt.BadRequest, match="MAX_NUM_ALGO_ORDERS"):
        trader.create_order("BTC/USDT", "market", "sell", 0.1, None, {"stopLossPrice": 40_010})
    assert len(trader.fetch_open_orders("BTC/USDT")) == 5
    assert trader.fetch_balance()["BTC"]["used"] == 0.5


def test_cancel_all_leaves_nothing_and_then_refuses(trader: Any) -> None:
    trader.create_order("BTC/USDT", "limit", "buy", 0.1, 30_000)
    trader.create_order("BTC/USDT", "limit", "buy", 0.1, 30_001)

    trader.cancel_all_orders("BTC/USDT")

    assert trader.fetch_open_orders("BTC/USDT") == []
    with pytest.raises(ccxt.OrderNotFound):
        trader.cancel_all_orders("BTC/USDT")


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        (("limit", "buy", 900, 30_000), ccxt.BadRequest, "NOTIONAL"),
        (("limit", "buy", 9, 30_000), ccxt.InsufficientFunds, "insufficient balance"),
        (("limit", "sell", 11, 60_000), ccxt.InsufficientFunds, "insufficient balance"),
        (("limit", "buy", 0.0001, 30_000), ccxt.BadRequest, "NOTIONAL"),
        (("limit", "buy", 0.1, 3_000), ccxt.InvalidOrder, "PERCENT_PRICE_BY_SIDE"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_with_the_exchanges_words(
    trader: Any, order: tuple[Any, ...], error: type[Exception], words: str
) -> None:
    before = trader.fetch_balance()["info"]["balances"]

    with pytest.raises(error, match=words):
        trader.create_order("BTC/USDT", *order)

    assert trader.fetch_balance()["info"]["balances"] == before
    assert trader.fetch_orders("BTC/USDT") == []


def test_candles_end_at_the_virtual_clock(simulator: Simulator, trader: Any) -> None:
    clock = simulator.control("GET", "state")["clock"]

    candles = trader.fetch_ohlcv("BTC/USDT", "1h", limit=10)
    days = trader.fetch_ohlcv("BTC/USDT", "1d", limit=10)

    assert candles[-1][0] == clock - HOUR_MS
    assert len(candles) == 10
    assert days[0][0] == START_MS - 48 * HOUR_MS


def test_advancing_twice_to_the_same_moment_moves_once(simulator: Simulator) -> None:
    first = simulator.control("POST", "advance", {})
    second = simulator.control("POST", "advance", {"to": first["clock"]})

    assert second == first


def test_my_trades_equal_the_exchanges_own_list(simulator: Simulator, trader: Any) -> None:
    for _ in range(3):
        trader.create_order("ETH/USDT", "market", "buy", 0.5)

    mine = trader.fetch_my_trades("ETH/USDT")

    name = next(
        n for n, a in simulator.control("GET", "state")["accounts"].items() if a["trades"] == 3
    )
    theirs = simulator.control("GET", f"trades?account={name}")["trades"]
    assert [trade["info"]["id"] for trade in mine] == [trade["id"] for trade in theirs]
    assert sum(trade["amount"] for trade in mine) == 1.5


async def test_streams_tell_fills_balances_and_closed_candles_in_order(
    simulator: Simulator, trader: Any
) -> None:
    account = {"api_key": trader.apiKey, "secret": trader.secret}
    pro = simulator.pro(account)
    heard: list[dict[str, Any]] = []
    keep = pro.handle_message

    def note(client: Any, message: Any) -> Any:
        heard.append(message)
        return keep(client, message)

    pro.handle_message = note
    try:
        await pro.load_markets()
        waiting = [
            asyncio.create_task(pro.watch_orders()),
            asyncio.create_task(pro.watch_ohlcv("BTC/USDT", "1h")),
            asyncio.create_task(pro.watch_bids_asks(["BTC/USDT"])),
        ]
        await asyncio.sleep(0.7)
        stop = trader.price_to_precision(
            "BTC/USDT", trader.fetch_ticker("BTC/USDT")["last"] * 0.9999
        )
        await asyncio.to_thread(
            trader.create_order, "BTC/USDT", "market", "sell", 0.1, None, {"stopLossPrice": stop}
        )
        for _ in range(12):
            state = await asyncio.to_thread(advance, simulator)
        await asyncio.sleep(0.5)
    finally:
        for task in waiting:
            task.cancel()
        await pro.close()

    events = [message.get("event", message) for message in heard]
    reports = [event["x"] for event in events if event.get("e") == "executionReport"]
    assert reports == ["NEW", "TRADE"]
    assert sum(event.get("e") == "outboundAccountPosition" for event in events) == 2
    klines = [(event["k"]["t"], event["k"]["x"]) for event in events if event.get("e") == "kline"]
    closed = [opened for opened, is_closed in klines if is_closed]
    assert closed == [state["clock"] - HOUR_MS * number for number in range(12, 0, -1)]
    for opened in closed:
        assert klines[klines.index((opened, True)) + 1] == (opened + HOUR_MS, False)
