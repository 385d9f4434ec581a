"""The servers themselves fail: `python -m tests.chaos.outages` prints how long the desk took.

It makes a PostgreSQL and a Redis of its own in a new folder, with every commit durable, and ends,
empties and restarts them while an account is to trade. Ends with 1 when anything was violated.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from django.db import connection

FOLDER = Path(tempfile.mkdtemp(prefix="outages-"))
os.environ["DESK_TEST_HOME"] = str(FOLDER / "servers")

from tests import conftest  # noqa: E402 - it names the databases, in the folder named above
from tests.chaos.points import POINTS  # noqa: E402
from tests.chaos.stack import Stack, exchange, wait_for  # noqa: E402
from tests.chaos.story import Trip, play  # noqa: E402
from tests.databases import HOME, cloned  # noqa: E402
from tradingdesk.embedded import EmbeddedServices, admin_dsn  # noqa: E402

REDIS_SECONDS = 15.0
RECOVERY_SECONDS = 30.0
PAUSED = [
    point for point in POINTS if point.name in {"permit held", "first byte sent", "answer received"}
]


class Servers:
    """The keeper's servers, and what may be done to them."""

    def __init__(self, services: EmbeddedServices, stack: Stack) -> None:
        self.services, self.stack = services, stack

    def end(self, name: str, number: int) -> None:
        """Send a signal to a server and wait until the keeper has started another."""
        before = self.services.pids()[name]
        os.kill(before, number)
        wait_for(lambda: self._is_back(name, before), 60, self.services.record)
        connection.close()

    def _is_back(self, name: str, before: int) -> bool:
        if self.services.pids().get(name) in {None, before}:
            return False
        try:
            psycopg.connect(admin_dsn(HOME)).close()
        except psycopg.OperationalError:
            return False
        return True

    def keep_exchange(self, ended: threading.Event) -> None:
        """Start the exchange again whenever it ends, as the supervisor does."""
        exchange = self.stack.simulator
        while not ended.wait(1.0):
            if exchange.process is not None and exchange.process.poll() is not None:
                with suppress(RuntimeError):  # its database may still be starting
                    exchange.start()

    def flush(self) -> None:
        self.stack.redis.flushall()


def outages(servers: Servers) -> dict[str, tuple[Callable[[], None], float]]:
    """Return what is done, by name, and the seconds in which the desk must trade again."""
    return {
        "Redis emptied (FLUSHALL)": (servers.flush, REDIS_SECONDS),
        "Redis killed": (lambda: servers.end("redis", signal.SIGKILL), REDIS_SECONDS),
        "PostgreSQL restarted (fast)": (
            lambda: servers.end("postgres", signal.SIGINT),
            RECOVERY_SECONDS,
        ),
        "PostgreSQL killed": (
            lambda: servers.end("postgres", signal.SIGKILL),
            RECOVERY_SECONDS,
        ),
    }


def strike(
    stack: Stack, name: str, number: int, what: Callable[[], None]
) -> tuple[float, list[str]]:
    """Let an outage meet an order in flight; return seconds until all was done, and violations."""
    wait_for(lambda: _answers(stack), 60, lambda: "the exchange is away")
    trip = Trip.begin(stack, f"outage-{number}")
    # the answer to the order is on its way while it happens
    stack.arm(trip.name, {"kind": "delay", "ms": 700, "count": 1})
    trip.enter()
    time.sleep(0.4)
    began = time.monotonic()
    what()
    found = []
    try:
        trip.wait(holds=True)
    except AssertionError as error:
        found.append(str(error))
    took = time.monotonic() - began
    found += trip.violations("buy")
    trip.end()
    return took, found


def _answers(stack: Stack) -> bool:
    try:
        return bool(stack.simulator.get("/api/v3/time"))
    except OSError:
        return False


def main() -> int:
    """Play every outage, and every pause of a process; return the exit code."""
    services = EmbeddedServices(HOME)
    services.start()
    wrong, ended = 0, threading.Event()
    with cloned(conftest.NAMES), exchange() as simulator:
        stack = Stack(simulator, FOLDER)
        try:
            stack.wait_for_worker()
            servers = Servers(services, stack)
            keeper = threading.Thread(target=servers.keep_exchange, args=[ended], daemon=True)
            keeper.start()
            print(f"{'outage':<32} trading again   allowed  violations")
            for number, (name, (what, allowed)) in enumerate(outages(servers).items()):
                took, found = strike(stack, name, number, what)
                if took > allowed:
                    found.append(f"took {took:.1f} s")
                wrong += bool(found)
                print(
                    f"{name:<32} {took:>11.1f} s {allowed:>7.0f} s  {found or 'none'}", flush=True
                )
            for number, point in enumerate(PAUSED):
                run = play(stack, point, "SIGSTOP", number=number, whole=False)
                wrong += bool(run.violations)
                took = run.recovered or 0.0
                name = f"paused 10 s: {point.name}"
                print(
                    f"{name:<32} {took:>11.1f} s           {run.violations or 'none'}", flush=True
                )
        finally:
            ended.set()
            stack.close()
    services.stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
