"""kill -9 loses nothing that was acknowledged; faults strike as asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import ccxt
import psycopg
import pytest

from tests import databases
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator, write_candles

Start = Callable[..., Simulator]


@pytest.fixture
def killable(simulators: Start, tmp_path: Path) -> Simulator:
    running = simulators()
    running.load(write_candles(tmp_path), **{"from": START_MS})
    return running


def test_every_acknowledged_order_is_there_after_kill_minus_nine(killable: Simulator) -> None:
    account = killable.account("survivor")
    acknowledged: set[str] = set()
    stop = threading.Event()

    def trade(number: int) -> None:
        client = killable.client(account)
        client.load_markets()
        for count in range(10_000):
            name = f"order-{number}-{count}"
            kind = (
                ("market", "buy", 0.002) if count % 2 else ("limit", "buy", 0.002, 30_000 + number)
            )
            try:
                client.create_order("BTC/USDT", *kind, params={"clientOrderId": name})
            except ccxt.NetworkError:
                return
            except ccxt.BadRequest:
                continue  # MAX_NUM_ORDERS
            acknowledged.add(name)
            if stop.is_set():
                return

    threads = [threading.Thread(target=trade, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 60:
        time.sleep(0.01)
    killable.kill()
    stop.set()
    for thread in threads:
        thread.join()
    killable.start()

    client = killable.client(account)
    client.load_markets()
    found = {order["clientOrderId"] for order in client.fetch_orders("BTC/USDT", limit=1000)}
    assert acknowledged <= found
    orders = client.fetch_orders("BTC/USDT", limit=1000)
    trades = client.fetch_my_trades("BTC/USDT", limit=1000)
    assert sum(order["filled"] for order in orders) == pytest.approx(
        sum(t["amount"] for t in trades)
    )
    open_cost = sum(o["amount"] * o["price"] for o in orders if o["status"] == "open")
    assert client.fetch_balance()["USDT"]["used"] == pytest.approx(open_cost)
    spent = sum(trade["cost"] for trade in trades)
    assert client.fetch_balance()["USDT"]["total"] == pytest.approx(100_000 - spent)


def test_clock_and_fills_of_a_step_survive_together(killable: Simulator) -> None:
    account = killable.account("replayer")
    client = killable.client(account)
    client.load_markets()
    client.create_order("BTC/USDT", "limit", "sell", 1, 51_400)
    advancing = threading.Thread(
        target=lambda: _quietly(killable, START_MS + 200 * HOUR_MS), daemon=True
    )
    advancing.start()
    time.sleep(0.15)
    killable.kill()
    advancing.join()
    killable.start()

    state = killable.control("POST", "advance", {"to": START_MS + 200 * HOUR_MS})

    assert state["clock"] == START_MS + 200 * HOUR_MS
    assert state["candles"] == 200
    trades = killable.control("GET", "trades?account=replayer")["trades"]
    assert [trade["qty"] for trade in trades] == ["1.00000000"]


def _quietly(simulator: Simulator, to_ms: int) -> None:
    try:
        simulator.control("POST", "advance", {"to": to_ms})
    except OSError:
        return


def test_a_second_process_on_the_same_books_is_refused(killable: Simulator) -> None:
    with pytest.raises(RuntimeError, match="ended with"):
        Simulator(killable.database).start()


def test_a_lost_answer_leaves_the_order_and_a_lost_request_does_not(killable: Simulator) -> None:
    client = killable.client(killable.account("faulty"), timeout=600)
    client.load_markets()
    outcomes = {}
    for kind in ("timeout_after_accept", "timeout_before_accept"):
        killable.control("POST", "faults", {"kind": kind, "count": 1, "ms": 1000})
        with pytest.raises(ccxt.RequestTimeout):
            client.create_order("BTC/USDT", "limit", "buy", 0.1, 30_000, {"clientOrderId": kind})
        outcomes[kind] = [order["clientOrderId"] for order in client.fetch_open_orders("BTC/USDT")]
    assert outcomes == {
        "timeout_after_accept": ["timeout_after_accept"],
        "timeout_before_accept": ["timeout_after_accept"],
    }


@pytest.mark.parametrize(
    ("kind", "error", "is_placed"),
    [
        ("http_503", ccxt.ExchangeError, False),
        ("rate_limited", ccxt.DDoSProtection, False),
        ("banned", ccxt.DDoSProtection, False),
        ("status_unknown", ccxt.RequestTimeout, True),
        ("http_503_unknown", ccxt.ExchangeNotAvailable, True),
    ],
)
def test_each_fault_strikes_once(
    simulator: Simulator, kind: str, error: type[Exception], is_placed: bool
) -> None:
    client = simulator.client(simulator.account(f"fault-{kind}"))
    client.load_markets()
    simulator.control("POST", "faults", {"kind": kind, "account": f"fault-{kind}"})

    with pytest.raises((error, ccxt.OperationFailed)):
        client.create_order("BTC/USDT", "limit", "buy", 0.1, 30_000)

    assert len(client.fetch_open_orders("BTC/USDT")) == is_placed
    client.create_order("BTC/USDT", "limit", "buy", 0.1, 30_000)


def test_the_random_market_continues_its_own_past(simulators: Start) -> None:
    exchange = simulators("--market", "random", "--seed", "11")
    history = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000&endTime="
    until = exchange.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=3")[0][6]
    before = exchange.get(history + str(until))

    exchange.kill()
    exchange.start()

    assert exchange.get(history + str(until)) == before
    assert len(before) == 1000
    assert len(exchange.get("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000")) >= 72
    client = exchange.client(exchange.account("gambler"))
    client.load_markets()
    order = client.create_order("BTC/USDT", "market", "buy", 0.01)
    assert order["filled"] == 0.01


def test_control_needs_its_token(simulator: Simulator) -> None:
    with pytest.raises(OSError, match="403"):
        simulator.get("/sim/v1/state")


def test_an_account_put_into_the_books_meanwhile_may_trade(killable: Simulator) -> None:
    killable.account("before")
    address = databases.ACCESS.database_url("desk_simulator", killable.database)
    with psycopg.connect(address) as books:
        row = books.execute(
            "INSERT INTO simulator_account (name, api_key, secret, fee_maker, fee_taker, fee_mode,"
            " fee_asset) VALUES ('meanwhile', %s, 's', 0.001, 0.001, 'received', '') RETURNING id",
            ["k" * 64],
        ).fetchone()
        books.execute(
            "INSERT INTO simulator_balance (account_id, asset, free, locked)"
            " VALUES (%s, 'USDT', 10000, 0)",
            row,
        )
    client = killable.client({"api_key": "k" * 64, "secret": "s"})
    client.load_markets()

    assert client.create_order("BTC/USDT", "market", "buy", 0.1)["filled"] == 0.1
    assert killable.account("meanwhile")["api_key"] == "k" * 64
    assert killable.account("after")["account_id"] > row[0]
