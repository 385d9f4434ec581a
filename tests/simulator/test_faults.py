"""Every knob does what its label says, seen through ccxt, raw HTTP or a socket."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import ccxt
import pytest

from apps.simulator.domain.knobs import KNOBS
from tests.simulator.knobs import PAIR, SYMBOL, Desk
from tests.simulator.test_stream_faults import STREAM_PROOFS


def http_500(desk: Desk) -> None:
    desk.arm("http_500")
    desk.fails(lambda: desk.limit(clientOrderId="mine"), ccxt.NetworkError)
    assert "<html>" in desk.client.last_http_response
    assert desk.open() == ["mine"]


def http_502(desk: Desk) -> None:
    desk.arm("http_502")
    desk.fails(desk.limit, ccxt.NetworkError)
    assert "Bad Gateway" in desk.client.last_http_response
    assert desk.open() == []


def truncated_answer(desk: Desk) -> None:
    desk.arm("truncated_answer")
    with contextlib.suppress(Exception):
        desk.limit(clientOrderId="mine")
    with pytest.raises(json.JSONDecodeError):
        json.loads(desk.client.last_http_response)
    assert desk.open() == ["mine"]


def bad_numbers(desk: Desk) -> None:
    for value in ("NaN", "Infinity", "1e999", "0"):
        desk.arm("bad_numbers", value=value, path="/api/v3/account")
        with contextlib.suppress(ValueError):
            desk.client.fetch_balance()
        row = json.loads(desk.client.last_http_response)["balances"][0]
        assert (row["free"], row["asset"]) == (value, "BTC")


def dns_failure(desk: Desk) -> None:
    desk.arm("dns_failure", ms=400)
    desk.fails(desk.limit, ccxt.NetworkError)
    time.sleep(0.45)
    assert desk.open() == []


def clock_skew(desk: Desk) -> None:
    for ms in (-20_000, 20_000):
        desk.arm("clock_skew", ms=ms)
        assert "-1021" in str(desk.fails(desk.limit, ccxt.InvalidNonce))
        assert abs(desk.client.fetch_time() - desk.client.milliseconds() - ms) < 3000
        desk.simulator.control("DELETE", "faults")
    desk.limit()


def lagging_reads(desk: Desk) -> None:
    before = desk.limit()["id"]
    desk.arm("lagging_reads", ms=60_000, count=0)
    desk.client.cancel_order(before, PAIR)
    new = desk.limit()["id"]
    desk.market()
    assert [o["id"] for o in desk.client.fetch_open_orders(PAIR)] == [before]
    assert desk.client.fetch_order(before, PAIR)["status"] == "open"
    desk.fails(lambda: desk.client.fetch_order(new, PAIR), ccxt.OrderNotFound)
    assert desk.client.fetch_my_trades(PAIR) == []
    assert desk.client.fetch_balance()["USDT"] == {"free": 97_000, "used": 3000, "total": 100_000}
    desk.simulator.control("DELETE", "faults")
    assert [o["id"] for o in desk.client.fetch_open_orders(PAIR)] == [new]
    assert len(desk.client.fetch_my_trades(PAIR)) == 1


def fill_after_cancel(desk: Desk) -> None:
    order = desk.limit(amount=0.1)
    desk.arm("fill_after_cancel", ms=150)
    cancelled = desk.client.cancel_order(order["id"], PAIR)
    assert (cancelled["status"], cancelled["filled"]) == ("canceled", 0)
    time.sleep(0.4)
    after = desk.client.fetch_order(order["id"], PAIR)
    assert (after["status"], after["filled"], after["average"]) == ("canceled", 0.05, 30_000)
    assert desk.client.fetch_balance()["USDT"] == {"free": 98_500, "used": 0, "total": 98_500}


def refuse_cancels(desk: Desk) -> None:
    order = desk.limit()
    desk.arm("refuse_cancels", count=1)
    desk.fails(lambda: desk.client.cancel_order(order["id"], PAIR), ccxt.ExchangeError)
    assert len(desk.open()) == 1
    desk.arm("refuse_cancels", ms=300)
    for _ in range(2):
        desk.fails(lambda: desk.client.cancel_all_orders(PAIR), ccxt.ExchangeError)
    time.sleep(0.35)
    desk.client.cancel_all_orders(PAIR)
    assert desk.open() == []


def cancel_all_half(desk: Desk) -> None:
    for number in range(4):
        desk.limit(clientOrderId=f"o{number}")
    desk.arm("cancel_all_half")
    assert len(desk.client.cancel_all_orders(PAIR)) == 2
    assert desk.open() == ["o2", "o3"]


def stop_missing(desk: Desk) -> None:
    desk.arm("stop_missing")
    desk.limit(clientOrderId="not a stop".replace(" ", "-"))
    acknowledged = desk.stop()
    assert acknowledged["id"]
    desk.fails(lambda: desk.client.fetch_order(acknowledged["id"], PAIR), ccxt.OrderNotFound)
    desk.stop()
    assert desk.open() == ["not-a-stop", "stop"]
    assert desk.client.fetch_balance()["BTC"]["used"] == 0.1


def expire_stop(desk: Desk) -> None:
    desk.stop("one")
    desk.stop("two")
    assert desk.arm("expire_stop", order="two")["client_order_id"] == "two"
    assert desk.open() == ["one"]
    assert desk.client.fetch_order(None, PAIR, {"origClientOrderId": "two"})["status"] == "expired"


def wrong_fee_asset(desk: Desk) -> None:
    desk.arm("wrong_fee_asset", asset="ETH")
    assert desk.market()["fees"][0]["currency"] == "ETH"
    desk.simulator.control("DELETE", "faults")
    assert desk.market()["fees"][0]["currency"] == "BTC"


def foreign_fill(desk: Desk) -> None:
    done = desk.arm("foreign_fill", symbol=PAIR, amount="0.2", side="SELL")
    assert done["client_order_id"].startswith("web_")
    (trade,) = desk.client.fetch_my_trades(PAIR)
    assert (trade["side"], trade["amount"], trade["order"]) == ("sell", 0.2, str(done["order_id"]))


def foreign_order(desk: Desk) -> None:
    done = desk.arm("foreign_order", symbol=SYMBOL, amount="0.2", price="30000")
    assert desk.open() == [done["client_order_id"]]


def transfer(desk: Desk) -> None:
    desk.arm("transfer", asset="USDT", amount="-250.5")
    assert desk.client.fetch_balance()["USDT"]["total"] == 99_749.5


def liquidation(desk: Desk) -> None:
    for kind in ("liquidation", "auto_deleverage"):
        assert desk.arm(kind, symbol=PAIR)["code"] == "NO_POSITION"


def delist(desk: Desk) -> None:
    order = desk.client.create_order("ETH/USDT", "limit", "buy", 1, 2000)
    assert desk.arm("delist", symbol="ETH/USDT")["expired"] >= 1
    assert desk.client.fetch_order(order["id"], "ETH/USDT")["status"] == "expired"
    desk.fails(lambda: desk.client.create_order("ETH/USDT", "market", "buy", 1), ccxt.ExchangeError)
    assert desk.client.load_markets(True)["ETH/USDT"]["active"] is False
    desk.simulator.control("DELETE", "faults")
    desk.client.create_order("ETH/USDT", "market", "buy", 1)


def rule_change(desk: Desk) -> None:
    desk.arm("rule_change", symbol=PAIR, tick="0.5", step="0.01")
    desk.fails(lambda: desk.limit(price=30_000.25), ccxt.ExchangeError)
    assert desk.client.load_markets(True)[PAIR]["precision"]["price"] == 0.5
    desk.simulator.control("DELETE", "faults")
    assert desk.client.load_markets(True)[PAIR]["precision"]["price"] == 0.01


PROOFS = (
    http_500, http_502, truncated_answer, bad_numbers, dns_failure, clock_skew, lagging_reads,
    fill_after_cancel, refuse_cancels, cancel_all_half, stop_missing, expire_stop,
    wrong_fee_asset, foreign_fill, foreign_order, transfer, liquidation, delist, rule_change,
)  # fmt: skip
# Proven in test_survival.py, test_streams.py and tests/conformance/test_errors.py.
PROVEN_ELSEWHERE = {
    "auto_deleverage", "banned", "delay", "drop_stream", "duplicate_stream", "empty_answer", "http_503",
    "http_503_unknown", "mute_stream", "rate_limited", "status_unknown", "timeout_after_accept",
    "timeout_before_accept",
}  # fmt: skip


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
def test_a_knob_does_what_it_says(desk: Desk, proof: Callable[[Desk], None]) -> None:
    proof(desk)


def test_every_knob_is_proven() -> None:
    assert {proof.__name__ for proof in (*PROOFS, *STREAM_PROOFS)} | PROVEN_ELSEWHERE == set(KNOBS)


def test_knobs_are_listed_with_what_is_left_and_disarmed_one_by_one(desk: Desk) -> None:
    desk.arm("http_503", count=2)
    desk.arm("clock_skew", ms=5)
    desk.fails(desk.limit, ccxt.ExchangeError)

    first, second = desk.simulator.control("GET", "faults")["armed"]

    assert (first["kind"], first["count"], first["account"]) == ("http_503", 1, desk.name)
    assert first["imitates"] == KNOBS["http_503"].imitates
    left = desk.simulator.control("DELETE", f"faults?id={first['id']}")["armed"]
    assert [fault["id"] for fault in left] == [second["id"]]
    assert desk.simulator.control("DELETE", "faults?id=999")["code"] == "NO_SUCH_FAULT"
    assert desk.simulator.control("DELETE", f"faults?account={desk.name}")["armed"] == []
    assert abs(desk.client.fetch_time() - desk.client.milliseconds()) < 2000


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"kind": "meteor"}, "UNKNOWN_FAULT"),
        ({"kind": "http_503", "asset": "BTC"}, "BAD_FAULT"),
        ({"kind": "delay", "ms": "soon"}, "BAD_FAULT"),
        ({"kind": "delay", "count": -1}, "BAD_FAULT"),
        ({"kind": "foreign_fill", "account": "nobody", "symbol": PAIR, "amount": "1"}, "NO_SUCH_ACCOUNT"),
        ({"kind": "transfer", "account": "nobody", "asset": "BTC", "amount": "NaN"}, "NOT_A_NUMBER"),
    ],
)  # fmt: skip
def test_a_knob_that_makes_no_sense_is_refused_and_nothing_is_armed(
    desk: Desk, asked: dict[str, Any], code: str
) -> None:
    assert desk.simulator.control("POST", "faults", asked)["code"] == code
    assert desk.simulator.control("GET", "faults")["armed"] == []
