"""One reused stack: a running exchange, a real Celery worker that is kept running, a nudge a second.

The embedded PostgreSQL and Redis of the suite carry it; the driver stores what the feed would.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis
from celery.exceptions import OperationalError
from django.conf import settings
from django.db import connection

from apps.bots.actions.create_bot import create_bot
from apps.bots.actions.write_config import write_config
from apps.bots.domain.configs import ConfigContent
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.marketdata import queries as market_queries
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument
from apps.risk.actions.permit import close_permits
from apps.strategies.actions.sync_catalogue import sync_catalogue
from apps.trading.queries import quiescent
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials
from tests import databases
from tests.factories import make_account
from tests.factories.ledger import open_ledger
from tests.fixtures import nursery
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator, _template, _worker_prefix
from tradingdesk.celery import app
from tradingdesk.embedded import admin_dsn

ANNA = Actor("person", "7", "Anna", "operator")
SYMBOL = "BTC/USDT"
# As the supervisor waits before it starts a crashed process again.
RESTART_SECONDS = 1.0
numbers = itertools.count(1)


@contextmanager
def exchange() -> Iterator[Simulator]:
    """A running simulated exchange on a database of its own."""
    name = f"{_worker_prefix()}_chaos{next(numbers)}"
    with psycopg.connect(admin_dsn(databases.HOME), autocommit=True) as admin:
        databases._create(admin, name, owner="desk_simulator", template=_template(admin))
    simulator = Simulator(name).start()
    try:
        yield simulator
    finally:
        simulator.stop()
        # the server may have been started anew meanwhile
        with psycopg.connect(admin_dsn(databases.HOME), autocommit=True) as admin:
            databases._drop(admin, name)


class Worker:
    """A Celery worker that is started again whenever it ends, as the supervisor does."""

    def __init__(self, folder: Path, url: str, *, module: str = "tests.chaos.worker") -> None:
        self.folder, self.module = folder, module
        self.plan = folder / "plan"
        self.environment = os.environ | {
            "CHAOS_PLAN": str(self.plan), "PGAPPNAME": f"chaos-{os.getpid()}-worker",
            "SIMULATOR_URL": url, "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        self.starts, self.started_at, self.ended_at = 0, 0.0, 0.0
        self.stopping = threading.Event()
        self.process: nursery.Process | None = None
        self.thread = threading.Thread(target=self._keep, daemon=True)
        self.thread.start()

    def _keep(self) -> None:
        while not self.stopping.is_set():
            with (self.folder / "worker.log").open("ab") as log:
                self.process = nursery.start(
                    [sys.executable, "-m", self.module], env=self.environment,
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            self.starts += 1
            self.started_at = time.time()
            self.process.wait()
            self.ended_at = time.time()
            # as the supervisor: nothing of it stays behind
            _end_group(self.process.pid)
            self.stopping.wait(RESTART_SECONDS)

    def children(self) -> list[int]:
        if self.process is None:
            return []
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> tuple[int, float]:
        """End it for good; return its exit code and how many seconds it took."""
        self.stopping.set()
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end_group(self.process.pid)
            code = self.process.wait()
        took = time.monotonic() - began
        self.thread.join()
        return code, took


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Stack:
    """The exchange with a market that rises a little every hour, the worker, and a nudge a second."""

    def __init__(self, simulator: Simulator, folder: Path, *, hours: int = 2000) -> None:
        self.simulator, self.folder = simulator, folder
        settings.SIMULATOR_URL = simulator.url
        forget_markets()
        market_queries.forget()
        simulator.load(
            _rising(folder / "candles", hours), **{"from": START_MS, "instruments": [SYMBOL]}
        )
        self.at_ms = START_MS
        self.beats = 1
        self.ended = threading.Event()
        self.redis = redis.Redis.from_url(settings.REDIS_URL)
        advance_clock(to=self.at)
        sync_catalogue()
        self.worker = Worker(folder, simulator.url)
        self.nudger = threading.Thread(target=self._nudge, daemon=True)
        self.nudger.start()

    @property
    def at(self) -> Any:
        return from_ms(self.at_ms)

    def _nudge(self) -> None:
        """Be beat: `beats` ticks a second, none when it is 0."""
        while not self.ended.wait(1.0 / max(1, self.beats)):
            for _ in range(min(1, self.beats)):
                # without Redis nobody is nudged
                with suppress(OperationalError, redis.RedisError):
                    app.send_task("trading.tick", queue="trading", expires=5, retry=False)

    def restart_worker(self) -> None:
        """Start another worker after one was stopped for good."""
        self.worker = Worker(self.folder, self.simulator.url)

    def nudge(self, account: VenueAccount) -> None:
        """Nudge as the feed does."""
        app.send_task("trading.run_account", (str(account.id),), queue="trading", expires=5)

    def open_account(self, name: str, **venue: Any) -> VenueAccount:
        """Return a fresh account with 100,000 USDT and open books."""
        keys = self.simulator.account(name, balances={"USDT": "100000"})
        account = make_account(**venue)
        write_keys(
            actor=ANNA, account_id=account.id, api_key=keys["api_key"], api_secret=keys["secret"]
        )
        if not Instrument.objects.filter(symbol=SYMBOL).exists():
            sync_instruments(account_id=account.id)
        open_ledger(account_id=account.id, balances=self.ask(account, "balances"))
        return account

    def ask(self, account: VenueAccount, name: str, *arguments: Any, **named: Any) -> Any:
        gateway = gateways.gateway(credentials(account_id=account.id))
        return call(getattr(gateway, name)(*arguments, **named), timeout=20)

    @staticmethod
    def leave() -> None:
        """Close what this process has open at the exchange."""
        for gateway in gateways._GATEWAYS.values():
            call(gateway.close(), timeout=10)
        gateways._GATEWAYS.clear()

    @staticmethod
    def draft(account: VenueAccount, slug: str) -> Bot:
        """Return a bot that will buy at its first candle, with a stop 5 % below."""
        bot = create_bot(actor=ANNA, slug=slug, name=slug, account_id=account.id)
        content = ConfigContent(
            strategy="sma_cross", timeframe="1h", symbols=(SYMBOL,),
            sizing={"mode": "fixed_cost", "cost": "1000"},
            protection={"stop_loss": "0.05"}, parameters={"fast": 2, "slow": 4},
        )  # fmt: skip
        write_config(actor=ANNA, bot_id=bot.id, content=content, reason="chaos")
        bot.refresh_from_db()
        return bot

    def candle(self, account: VenueAccount) -> None:
        """Let the market play one candle and store what the feed would."""
        self.at_ms += HOUR_MS
        self.simulator.control("POST", "advance", {"to": self.at_ms})
        rows = self.ask(account, "candles", SYMBOL, "1h", self.at_ms - 50 * HOUR_MS, 100)
        closed = [row for row in rows if row.ts + HOUR_MS <= self.at_ms]
        store_candles(venue="binance", environment="simulated", rows=closed)
        quotes = self.ask(account, "quotes", [SYMBOL])
        store_quotes(venue="binance", environment="simulated", rows=quotes)
        advance_clock(to=self.at)

    def arm(self, name: str, *faults: dict[str, Any]) -> None:
        for fault in faults:
            self.simulator.control("POST", "faults", fault | {"account": name})

    def reasons(self, account: VenueAccount) -> list[str]:
        return quiescent(account_ids=[account.id], at=self.at)

    def settle(self, account: VenueAccount, seconds: float = 60) -> None:
        """Wait until nothing is due, in transit, unabsorbed or unprotected."""
        wait_for(lambda: not self.reasons(account), seconds, lambda: self.reasons(account))

    def plan(self, **plan: Any) -> None:
        """Tell the worker where and how to fail next."""
        for suffix in (".taken", ".struck"):
            self.worker.plan.with_suffix(suffix).unlink(missing_ok=True)
        path = self.worker.plan.with_suffix(".new")
        path.write_text(json.dumps(plan))
        path.rename(self.worker.plan)

    def struck(self) -> dict[str, Any] | None:
        """Return when (`at`, seconds since 1970) and in which process the worker failed as planned."""
        try:
            found: dict[str, Any] = json.loads(self.worker.plan.with_suffix(".struck").read_text())
        except (OSError, ValueError):
            return None
        return found

    def wait_for_worker(self, seconds: float = 60) -> None:
        """Wait until the worker takes tasks."""
        wait_for(self._is_idle, seconds, lambda: (self.folder / "worker.log").read_text()[-1500:])

    def _is_idle(self) -> bool:
        key = f"{settings.REDIS_PREFIX}:celery:trading"
        return len(self.worker.children()) >= 2 and not self.redis.llen(key)

    def close(self) -> None:
        self.ended.set()
        self.nudger.join()
        if not self.worker.stopping.is_set():
            self.worker.stop()
        self.redis.close()
        self.leave()
        forget_markets()
        market_queries.forget()
        close_permits()
        connection.close()


def _rising(root: Path, hours: int) -> Path:
    """Write BTC/USDT hours that rise by 0.005 % each."""
    folder = root / "BTC_USDT"
    folder.mkdir(parents=True)
    with (folder / "1h.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ts", "open", "high", "low", "close", "volume"])
        for hour in range(-60, hours):
            first, last = (round(50_000 * (1 + 0.00005 * n), 2) for n in (hour, hour + 1))
            rows.writerow([START_MS + hour * HOUR_MS, first, last, first, last, 1000.0])
    return root


def wait_for(question: Callable[[], object], seconds: float, why: Callable[[], object]) -> None:
    """Wait for a truthy answer, or fail with what `why` says."""
    assert poll(question, seconds), f"not so within {seconds} s: {why()}"


def poll(question: Callable[[], object], seconds: float) -> object:
    """Return the first truthy answer, or the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return answer
