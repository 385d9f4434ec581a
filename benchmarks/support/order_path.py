"""Three ways to place an order: raw ccxt, raw ccxt between two durable commits, the desk."""

from __future__ import annotations

import asyncio
import cProfile
import gc
import os
import pstats
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connection, connections, transaction

from apps.core.actor import Actor
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests import databases
from tests.factories import make_account, make_bot, make_draft
from tests.fixtures.simulator import START_MS, Simulator, _template, write_candles
from tradingdesk.embedded import admin_dsn

# Far below the market and immediate-or-cancel: acknowledged, and no open order is left.
SYMBOL, AMOUNT, PRICE = "BTC/USDT", Decimal("0.001"), Decimal(40000)
BATCH = 100
WARM_UP = 20
FLOOR = """
CREATE TABLE floor (name text PRIMARY KEY, at timestamptz, answer text);
"""


class Bench:
    """One simulated exchange, one account for each way."""

    def __init__(self, folder: Path) -> None:
        settings.DEBUG = False  # a list of all statements is no part of the desk
        self.simulator = self._exchange(folder)
        settings.SIMULATOR_URL = self.simulator.url
        keys = [self._account(name) for name in ("raw", "floor", "desk")]
        self.raw, self.floor = (call(self._client(k), timeout=60) for k in keys[:2])
        self.account = make_account()
        write_keys(
            actor=Actor.task("benchmark"), account_id=self.account.id,
            api_key=keys[2]["api_key"], api_secret=keys[2]["secret"],
        )  # fmt: skip
        sync_instruments(account_id=self.account.id)
        instrument = Instrument.objects.get(symbol=SYMBOL, environment="simulated")
        self.bot = make_bot(account=self.account, instruments=[instrument])
        params = connections["default"].get_connection_params()
        for name in ("cursor_factory", "context", "prepare_threshold"):
            params.pop(name, None)
        params["options"] = ""
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute(FLOOR + "GRANT ALL ON floor TO desk_app")
        self.ledger = psycopg.connect(**params, autocommit=True)

    def _exchange(self, folder: Path) -> Simulator:
        name = f"{databases.Names(run=os.environ['DESK_TEST_RUN'], worker='main').prefix}_exchange"
        with psycopg.connect(admin_dsn(databases.HOME), autocommit=True) as admin:
            databases._create(admin, name, owner="desk_simulator", template=_template(admin))
        simulator = Simulator(name).start()
        simulator.load(write_candles(folder), **{"from": START_MS})
        return simulator

    def _account(self, name: str) -> dict[str, Any]:
        return self.simulator.account(name, balances={"USDT": "1000000000"})

    async def _client(self, keys: dict[str, Any]) -> Any:
        client = self.simulator.pro(keys)
        await client.load_markets()
        return client

    def one_at_a_time(self, rounds: int) -> None:
        """Print p50, p99 and orders a second of one order at a time."""
        ways = {
            "(a) raw ccxt": self.raw_one,
            "(b) with two commits": self.floor_one,
            "(c) desk": self.desk_one,
        }
        self._print("one at a time", 1, self._taken(ways, rounds))

    def batches(self, rounds: int) -> None:
        """Print p50, p99 and orders a second of batches of 100."""
        ways = {"(a) raw ccxt": self.raw_batch, "(c) desk": self.desk_batch}
        self._print(f"batches of {BATCH}", BATCH, self._taken(ways, rounds))

    def profile(self, rounds: int) -> None:
        """Print where the desk's time goes, one at a time."""
        for _ in range(WARM_UP):
            self.desk_one()
        profiler = cProfile.Profile()
        for _ in range(rounds):
            with profiler:
                self.desk_one()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)

    def _taken(self, ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
        for _ in range(WARM_UP if len(ways) > 2 else 2):
            for way in ways.values():
                way()
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                taken[name].append(way())
            if number % 50 == 49:
                self._settle()
        self._settle()
        return taken

    def _settle(self) -> None:
        absorb(account_id=self.account.id)
        gc.collect()

    def raw_one(self) -> float:
        return call(_timed_raw([self.raw]), timeout=30)

    def raw_batch(self) -> float:
        return call(_timed_raw([self.raw] * BATCH), timeout=60)

    def floor_one(self) -> float:
        name = uuid4().hex
        started = time.perf_counter()
        self.ledger.execute("INSERT INTO floor VALUES (%s, now(), '')", [name])
        answer = call(_create(self.floor, name), timeout=30)
        self.ledger.execute("UPDATE floor SET answer = %s WHERE name = %s", [answer["id"], name])
        return time.perf_counter() - started

    def desk_one(self) -> float:
        return self._desk(1)

    def desk_batch(self) -> float:
        return self._desk(BATCH)

    def _desk(self, count: int) -> float:
        drafts = [
            make_draft(
                self.bot, type="limit", price=PRICE, amount=AMOUNT, time_in_force="IOC",
                leg=str(n), scheduled=uuid4().hex,
            )
            for n in range(count)
        ]  # fmt: skip
        started = time.perf_counter()
        with transaction.atomic():
            create_orders(drafts=drafts)
        summary = send_orders(account_id=self.account.id)
        taken = time.perf_counter() - started
        assert summary.acknowledged == count, summary
        return taken

    def _print(self, title: str, size: int, taken: dict[str, list[float]]) -> None:
        print(f"\n{title}: {len(next(iter(taken.values())))} rounds, load {os.getloadavg()[0]:.1f}")
        medians = {}
        for name, times in taken.items():
            medians[name] = statistics.median(times)
            p99 = sorted(times)[max(0, int(len(times) * 0.99) - 1)]
            rate = size * len(times) / sum(times)
            print(
                f"  {name:<22} p50 {1000 * medians[name]:7.2f} ms  p99 {1000 * p99:7.2f} ms"
                f"  {rate:7.0f} orders/s"
            )
        desk = medians["(c) desk"]
        for name, value in medians.items():
            if name != "(c) desk":
                print(
                    f"  desk / {name}: {desk / value:.2f} of its time, {value / desk:.2f} of its rate"
                )

    def close(self) -> None:
        """Stop what was started."""
        count = Order.objects.filter(status="expired").count()
        print(f"\n{count} of the desk's {Order.objects.count()} orders ended as they should")
        for client in (self.raw, self.floor):
            call(client.close(), timeout=10)
        call(gateways.gateway(credentials(account_id=self.account.id)).close(), timeout=10)
        self.simulator.stop()
        self.ledger.close()
        connection.close()
        with psycopg.connect(admin_dsn(databases.HOME), autocommit=True) as admin:
            databases._drop(admin, self.simulator.database)


async def _create(client: Any, name: str) -> Any:
    return await client.create_order(
        SYMBOL,
        "limit",
        "buy",
        float(AMOUNT),
        float(PRICE),
        {"newClientOrderId": name, "timeInForce": "IOC"},
    )


async def _timed_raw(clients: list[Any]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*(_create(client, uuid4().hex) for client in clients))
    return time.perf_counter() - started
