"""The feed inside this process: what it lives through, and what it stops for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.core.clock import to_ms
from apps.marketdata.models import Quote
from apps.trading.feed.runner import Feed
from apps.venues.models import VenueAccount
from tests.feed.conftest import Desk, until
from tests.fixtures.simulator import HOUR_MS


class InThread:
    """A feed on a loop of its own."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.loop = asyncio.new_event_loop()
        self.feed = Feed()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="feed")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.loop.run_until_complete(self.feed.run(self.stopping))
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.stopping.set)
        self.thread.join(15)
        assert not self.thread.is_alive()
        self.loop.close()


@pytest.fixture
def running(desk: Desk) -> Iterator[InThread]:
    inside = InThread()
    until(lambda: len(desk.candles()) >= 40)
    until(lambda: Quote.objects.count() == 2)
    yield inside
    inside.stop()
    assert inside.error is None


def test_a_lost_database_connection_loses_no_candle(
    desk: Desk, running: InThread, superuser_connection: psycopg.Connection
) -> None:
    mine = running.feed.intake._thread
    pid = mine.submit(backend_pid).result(5)
    superuser_connection.execute("SELECT pg_terminate_backend(%s)", [pid])
    at_ms = desk.step()

    until(lambda: desk.candles()[-1] == at_ms - HOUR_MS)
    assert mine.submit(backend_pid).result(5) != pid


def test_an_exchange_that_restarts_is_found_again(desk: Desk, running: InThread) -> None:
    desk.simulator.stop()
    desk.simulator.start()
    at_ms = desk.step()

    until(lambda: desk.candles()[-1] == at_ms - HOUR_MS)
    until(lambda: to_ms(Quote.objects.get(instrument__symbol="BTC/USDT").at) == at_ms)
    until(lambda: desk.simulator.control("GET", "state")["sockets"] >= 3)


def test_an_account_that_is_archived_is_left_alone(desk: Desk, running: InThread) -> None:
    until(lambda: desk.simulator.control("GET", "state")["sockets"] >= 3)
    VenueAccount.objects.update(archived_at="2023-01-01T00:00:00Z")

    until(lambda: desk.simulator.control("GET", "state")["sockets"] == 0)
    assert running.feed._accounts == {}
    assert running.feed._markets == {}


def backend_pid() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]
