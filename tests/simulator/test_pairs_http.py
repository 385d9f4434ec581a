"""OCO, trailing stops and amendments as ccxt sends them, over HTTP and through kill -9."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fixtures.simulator import START_MS, Simulator, write_candles
from tests.simulator.test_streams import heard

PAIR, SYMBOL = "BTC/USDT", {"symbol": "BTCUSDT"}
OCO = SYMBOL | {
    "side": "SELL", "quantity": "0.5", "aboveType": "LIMIT_MAKER", "abovePrice": "51200",
    "belowType": "STOP_LOSS", "belowStopPrice": "40000",
}  # fmt: skip


@pytest.fixture
def trader(simulator: Simulator, request: pytest.FixtureRequest) -> Any:
    client = simulator.client(simulator.account(request.node.name[-90:]))
    client.load_markets()
    return client


def statuses(client: Any) -> dict[str, str]:
    return {o["clientOrderId"]: o["info"]["status"] for o in client.fetch_orders(PAIR)}


def test_an_oco_survives_kill_minus_nine_and_ends_as_one(
    simulators: Callable[..., Simulator], tmp_path: Path
) -> None:
    exchange = simulators()
    exchange.load(write_candles(tmp_path), **{"from": START_MS})
    client = exchange.client(exchange.account("pair"))
    client.load_markets()
    names = {"listClientOrderId": "pair", "aboveClientOrderId": "t", "belowClientOrderId": "s"}
    placed = client.private_post_orderlist_oco(OCO | names)
    trailing = client.create_order(
        PAIR, "STOP_LOSS", "sell", 0.1, None, {"trailingDelta": 300, "clientOrderId": "trail"}
    )
    exchange.control("POST", "advance", {})
    before = client.private_get_orderlist({"origClientOrderId": "pair"})

    exchange.kill()
    exchange.start()

    client = exchange.client({"api_key": client.apiKey, "secret": client.secret})
    client.load_markets()
    assert client.private_get_orderlist({"orderListId": placed["orderListId"]}) == before
    assert client.private_get_openorderlist() == [before]
    assert client.fetch_balance()["BTC"] == {"free": 9.4, "used": 0.6, "total": 10}
    assert client.fetch_order(trailing["id"], PAIR)["info"]["trailingDelta"] == 300
    exchange.control("POST", "advance", {"to": START_MS + 22 * 3_600_000})
    assert statuses(client) == {"s": "EXPIRED", "t": "FILLED", "trail": "FILLED"}
    (done,) = client.private_get_allorderlist()
    assert (done["listOrderStatus"], client.private_get_openorderlist()) == ("ALL_DONE", [])
    assert client.fetch_balance()["BTC"]["used"] == 0


def test_both_dialects_place_the_same_pair_and_a_leg_cancels_both(
    simulator: Simulator, trader: Any
) -> None:
    async def run() -> list[dict[str, Any]]:
        key = trader.public_post_userdatastream()["listenKey"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{simulator.url}/ws/{key}") as socket,
        ):
            await asyncio.to_thread(act)
            return await heard(socket)

    found: list[Any] = []

    def act() -> None:
        old = {"side": "SELL", "quantity": "0.5", "price": "60000", "stopPrice": "40000"}
        found.append(trader.private_post_order_oco(SYMBOL | old))
        found.append(trader.cancel_order(found[0]["orders"][0]["orderId"], PAIR))
        found.append(trader.private_post_orderlist_oco(OCO))
        number = found[2]["orderListId"]
        found.append(trader.private_delete_orderlist(SYMBOL | {"orderListId": number}))

    told = asyncio.run(run())

    shape = [(r["type"], r["status"], r["side"]) for r in found[0]["orderReports"]]
    assert shape == [("STOP_LOSS", "NEW", "SELL"), ("LIMIT_MAKER", "NEW", "SELL")]
    assert [(r["type"], r["status"], r["side"]) for r in found[2]["orderReports"]] == shape
    assert found[1]["status"] == "canceled"
    assert [r["status"] for r in found[3]["orderReports"]] == ["CANCELED", "CANCELED"]
    assert set(statuses(trader).values()) == {"CANCELED"}
    assert trader.fetch_balance()["BTC"]["used"] == 0
    lists = [(e["g"], e["l"], e["L"]) for e in told if e["e"] == "listStatus"]
    first, second = found[0]["orderListId"], found[2]["orderListId"]
    opened, ended = ("EXEC_STARTED", "EXECUTING"), ("ALL_DONE", "ALL_DONE")
    assert lists == [(first, *opened), (first, *ended), (second, *opened), (second, *ended)]
    orders = [(e["g"], e["x"]) for e in told if e["e"] == "executionReport"]
    assert orders == [
        (n, x) for n in (first, second) for x in ("NEW", "NEW", "CANCELED", "CANCELED")
    ]


def test_a_trailing_stop_of_ccxt_is_placed_and_told_with_its_delta(trader: Any) -> None:
    terms = {
        "trailingPercent": 1.5,
        "stopLossOrTakeProfit": "takeProfit",
        "trailingTriggerPrice": 60_000,
    }
    order = trader.create_order(PAIR, "market", "sell", 0.1, None, terms)

    asked = trader.fetch_order(order["id"], PAIR)["info"]

    assert (asked["type"], asked["stopPrice"]) == ("TAKE_PROFIT", "60000.00000000")
    assert (asked["trailingDelta"], asked["trailingTime"]) == (150, -1)
    market = trader.market(PAIR)["info"]
    assert (market["allowTrailingStop"], market["ocoAllowed"], market["amendAllowed"]) == (
        True,
    ) * 3


def test_an_amendment_keeps_the_order_and_gives_back_what_it_held(trader: Any) -> None:
    order = trader.create_order(PAIR, "limit", "buy", 0.4, 30_000)

    wanted = SYMBOL | {"orderId": order["id"], "newQty": "0.1", "newClientOrderId": "less"}
    amended = trader.fetch2("order/amend/keepPriority", ["private"], "PUT", wanted)["amendedOrder"]

    assert (str(amended["orderId"]), amended["origQty"]) == (order["id"], "0.10000000")
    assert trader.fetch_order(None, PAIR, {"origClientOrderId": "less"})["amount"] == 0.1
    assert trader.fetch_balance()["USDT"]["used"] == 3000
