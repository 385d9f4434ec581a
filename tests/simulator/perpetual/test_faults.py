"""Knobs that strike perpetuals, over HTTP by ccxt's own binanceusdm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.fixtures.perpetuals import futures_account, trader
from tests.fixtures.simulator import Simulator

PAIR = "BTC/USDT:USDT"


@dataclass
class Desk:
    simulator: Simulator
    name: str
    client: Any

    def arm(self, kind: str, **terms: Any) -> None:
        given = {"kind": kind, "account": self.name} | terms
        self.simulator.control("POST", "faults", given)

    def limit(self, name: str, amount: float = 0.02) -> Any:
        params = {"newClientOrderId": name}
        return self.client.create_order(PAIR, "limit", "buy", amount, 40_000, params)

    def stop(self, name: str) -> Any:
        params = {"clientAlgoId": name, "stopPrice": 30_000}
        return self.client.create_order(PAIR, "market", "sell", 0.02, None, params)

    def waiting(self) -> list[str]:
        return [row["clientAlgoId"] for row in self.client.fapiPrivateGetOpenAlgoOrders()]


@pytest.fixture
def desk(perpetuals: Simulator, request: pytest.FixtureRequest) -> Iterator[Desk]:
    name = request.node.name[-60:]
    client = trader(perpetuals, futures_account(perpetuals, name))
    client.load_markets()
    yield Desk(perpetuals, name, client)
    perpetuals.control("DELETE", "faults")


def held(desk: Desk) -> Decimal:
    return sum((Decimal(str(p["contracts"])) for p in desk.client.fetch_positions([PAIR])), Decimal(0))  # fmt: skip


def test_a_stop_is_acknowledged_and_never_placed(desk: Desk) -> None:
    desk.client.create_order(PAIR, "market", "buy", 0.02)
    desk.arm("stop_missing")

    assert desk.limit("other")["status"] == "open"
    answer = desk.stop("missing")
    assert answer["id"]
    assert desk.waiting() == []
    with pytest.raises(ccxt.OrderNotFound):
        desk.client.fapiPrivateGetAlgoOrder({"clientAlgoId": "missing"})
    # one that the exchange would refuse is refused, and the next one is placed
    desk.stop("placed")
    assert desk.waiting() == ["placed"]


def test_a_cancelled_order_fills_after_all(desk: Desk) -> None:
    order = desk.limit("late", 0.04)
    desk.arm("fill_after_cancel", ms=100)

    assert desk.client.cancel_order(order["id"], PAIR)["status"] == "canceled"
    assert held(desk) == 0
    until(lambda: held(desk) == Decimal("0.02"))
    after = desk.client.fetch_order(order["id"], PAIR)
    assert (after["status"], after["filled"]) == ("canceled", 0.02)
    [trade] = desk.client.fetch_my_trades(PAIR)
    assert (trade["order"], trade["price"], trade["takerOrMaker"]) == (order["id"], 40_000, "maker")


def test_a_reduction_that_was_cancelled_fills_no_more_than_is_held(desk: Desk) -> None:
    desk.client.create_order(PAIR, "market", "buy", 0.01)
    order = desk.client.create_order(PAIR, "limit", "sell", 0.01, 60_000, {"reduceOnly": True})
    desk.arm("fill_after_cancel", ms=300, amount="0.01")
    desk.client.cancel_order(order["id"], PAIR)
    desk.client.create_order(PAIR, "market", "sell", 0.01, None, {"reduceOnly": True})
    time.sleep(0.6)

    assert held(desk) == 0
    assert desk.client.fetch_order(order["id"], PAIR)["filled"] == 0


def test_reads_show_what_was_before(desk: Desk) -> None:
    before, kept = desk.limit("before"), desk.limit("kept")
    wallet = desk.client.fetch_balance()["info"]["assets"][0]["walletBalance"]
    desk.arm("lagging_reads", ms=60_000, count=0)
    desk.client.cancel_order(before["id"], PAIR)
    new = desk.limit("new")
    desk.client.create_order(PAIR, "market", "buy", 0.02)
    desk.stop("protects")

    assert {o["id"] for o in desk.client.fetch_open_orders(PAIR)} == {before["id"], kept["id"]}
    assert desk.client.fetch_order(before["id"], PAIR)["status"] == "open"
    with pytest.raises(ccxt.OrderNotFound):
        desk.client.fetch_order(new["id"], PAIR)
    assert desk.client.fetch_my_trades(PAIR) == []
    assert held(desk) == 0
    assert desk.waiting() == []
    with pytest.raises(ccxt.OrderNotFound):
        desk.client.fapiPrivateGetAlgoOrder({"clientAlgoId": "protects"})
    assert desk.client.fetch_balance()["info"]["assets"][0]["walletBalance"] == wallet

    desk.simulator.control("DELETE", "faults")
    assert {o["id"] for o in desk.client.fetch_open_orders(PAIR)} == {kept["id"], new["id"]}
    assert held(desk) == Decimal("0.02")
    assert desk.waiting() == ["protects"]


def test_a_read_a_moment_behind_catches_up_by_itself(desk: Desk) -> None:
    desk.arm("lagging_reads", ms=700, count=0)
    desk.client.create_order(PAIR, "market", "buy", 0.02)

    assert held(desk) == 0
    until(lambda: held(desk) == Decimal("0.02"))
    assert len(desk.client.fetch_my_trades(PAIR)) == 1


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)
