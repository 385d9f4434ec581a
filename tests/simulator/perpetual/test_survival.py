"""kill -9 loses no order, no position and no conditional order of a perpetual."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fixtures.perpetuals import PERPETUALS, futures_account, trader, write_recordings
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator

PAIR = "BTC/USDT:USDT"


def test_books_of_perpetuals_survive_kill_minus_nine(
    simulators: Callable[..., Simulator], tmp_path: Path
) -> None:
    exchange = simulators()
    exchange.load(write_recordings(tmp_path), instruments=PERPETUALS, **{"from": START_MS})
    account = futures_account(exchange, "survivor", hedged=True)
    client = trader(exchange, account)
    client.load_markets()
    client.set_leverage(9, PAIR)
    client.create_order(PAIR, "market", "buy", 0.1, None, {"positionSide": "LONG"})
    resting = client.create_order(PAIR, "limit", "buy", 0.1, 45_000, {"positionSide": "LONG"})
    stop = {"stopLossPrice": 47_000, "positionSide": "LONG"}
    waiting = client.create_order(PAIR, "market", "sell", 0.1, None, stop)
    exchange.control("POST", "advance", {"to": START_MS + 9 * HOUR_MS})
    before = exchange.control("GET", "state")["accounts"]["survivor"]

    exchange.kill()
    exchange.start()

    assert exchange.control("GET", "state")["accounts"]["survivor"] == before
    assert [o["id"] for o in client.fetch_open_orders(PAIR)] == [resting["id"]]
    apart = client.fetch_open_orders(PAIR, params={"trigger": True})
    assert [o["id"] for o in apart] == [waiting["id"]]
    assert client.fetch_leverage(PAIR)["longLeverage"] == 9
    exchange.control("POST", "advance", {"to": START_MS + 37 * HOUR_MS})
    assert client.fetch_positions([PAIR])[0]["contracts"] == 0.1
    assert client.fetch_order(resting["id"], PAIR)["status"] == "closed"
    sent = client.fetch_order(waiting["id"], PAIR, {"trigger": True})["info"]
    assert sent["algoStatus"] == "FINISHED"
    assert client.fetch_order(sent["actualOrderId"], PAIR)["filled"] == 0.1
