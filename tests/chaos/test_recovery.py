"""Recovery with real processes: a sample of the crash matrix, and the desk's surroundings failing.

One reused stack for all; `make chaos` plays the whole matrix and what needs servers of its own.
"""

from __future__ import annotations

import itertools
import os
import time

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg import sql

from tests.chaos import checks
from tests.chaos.matrix import cases, figures
from tests.chaos.points import POINTS
from tests.chaos.stack import Stack, exchange, poll
from tests.chaos.story import Trip, play
from tests.databases import HOME
from tradingdesk.embedded import admin_dsn

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.slow]
# One of them ends the whole worker, which takes long to start; `make chaos` does it to each.
SAMPLE = [(p, kind, n == 4) for n, (p, kind, _) in enumerate(cases(len(POINTS)))]
TRIPS = itertools.count(1)
AT = {point.name: point for point in POINTS}


@pytest.fixture(scope="module")
def stack(django_db_setup, django_db_blocker, redis_server, tmp_path_factory):
    address = settings.SIMULATOR_URL
    with django_db_blocker.unblock(), exchange() as simulator:
        running = Stack(simulator, tmp_path_factory.mktemp("chaos"))
        try:
            running.wait_for_worker()
            yield running
        finally:
            running.close()
            settings.SIMULATOR_URL = address
            for restorer in django_db_setup:
                restorer.restore()


@pytest.fixture
def trip(stack):
    begun = Trip.begin(stack, f"trip-{next(TRIPS)}")
    yield begun
    begun.end()


@pytest.mark.parametrize(
    ("number", "point", "kind", "whole"),
    [(n, *case) for n, case in enumerate(SAMPLE)],
    ids=[f"{point.name}, {kind}" for point, kind, _ in SAMPLE],
)
def test_a_worker_that_fails_anywhere_leaves_one_effect_and_the_books_of_the_exchange(
    stack, number, point, kind, whole
) -> None:
    run = play(stack, point, kind, number=number, whole=whole)
    assert run.violations == [], figures([run])
    assert run.recovered is not None


def test_a_process_stopped_with_its_permit_sends_nothing_when_it_wakes(stack) -> None:
    run = play(stack, AT["permit held"], "SIGSTOP", number=900, whole=False)
    assert run.violations == []
    # its order was never sent; the one queued anew in its place was, once
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.status, o.status_reason FROM orders_order o JOIN bots_bot b ON b.id = o.bot_id"
            " WHERE b.slug = 'run-900-bot' AND o.side = 'buy' ORDER BY o.id"
        )
        told = cursor.fetchall()
    assert told == [("withdrawn", "PERMIT_EXPIRED"), ("filled", "")]


def test_a_worker_told_to_stop_finishes_its_wave_and_ends_cleanly(stack, trip) -> None:
    stack.arm(trip.name, {"kind": "delay", "ms": 2500, "count": 1})
    trip.enter()
    claimed = "SELECT count(*) FROM orders_order WHERE bot_id = %s AND status = 'submitted'"
    assert poll(lambda: checks.rows(claimed, [trip.bot.id])[0][0], 20)
    code, took = stack.worker.stop()
    assert (code, took < 15) == (0, True)
    # the answer that was on its way has been written down: nothing in doubt, nothing in transit
    doubtful = (
        "SELECT count(*) FROM orders_order WHERE bot_id = %s AND status IN ('submitted', 'unknown')"
    )
    assert checks.rows(doubtful, [trip.bot.id]) == [(0,)]
    stack.restart_worker()
    stack.wait_for_worker()
    trip.wait(holds=True)
    assert trip.violations("buy") == []


def test_without_beat_what_is_due_waits_and_a_fivefold_beat_does_it_once(stack, trip) -> None:
    stack.beats = 0
    try:
        trip.enter(nudge=False)
        time.sleep(1.5)
        assert trip.there() == []
        stack.beats = 5
        trip.wait(holds=True)
        trip.leave(nudge=False)
        trip.wait(holds=False)
    finally:
        stack.beats = 1
    assert trip.violations("buy", "sell") == []


def test_an_emptied_redis_delays_by_fifteen_seconds_at_most(stack, trip) -> None:
    trip.enter(nudge=False)
    for key in stack.redis.scan_iter(f"{settings.REDIS_PREFIX}:*", count=1000):
        stack.redis.delete(key)
    emptied = time.monotonic()
    trip.wait(holds=True)
    assert time.monotonic() - emptied <= 15
    assert trip.violations("buy") == []


@pytest.mark.parametrize("ms", [2000, -2000])
def test_an_exchange_whose_clock_differs_by_two_seconds_takes_the_orders(stack, trip, ms) -> None:
    stack.simulator.control("POST", "faults", {"kind": "clock_skew", "ms": ms})
    refused = "SELECT 1 FROM orders_order WHERE bot_id = %s AND status_reason = '-1021'"
    try:
        trip.enter()
        if not poll(lambda: trip.there() or checks.rows(refused, [trip.bot.id]), 20):
            raise AssertionError("neither taken nor refused")
        if checks.rows(refused, [trip.bot.id]):
            # the jump itself costs one refusal; from then on the offset is known
            trip.enter()
        trip.wait(holds=True)
    finally:
        stack.simulator.control("DELETE", "faults")
    assert trip.violations("buy") == []


@pytest.fixture
def admin(stack):
    with psycopg.connect(admin_dsn(HOME), autocommit=True) as connected:
        yield connected


def cut_all(admin) -> None:
    """End every connection of the desk to its database; also this process's."""
    connection.close()
    admin.execute(
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = %s",
        [os.environ["DATABASE_URL"].rpartition("/")[2].partition("?")[0]],
    )


def alter(admin, words: str) -> None:
    name = os.environ["DATABASE_URL"].rpartition("/")[2].partition("?")[0]
    admin.execute(sql.SQL("ALTER DATABASE {} " + words).format(sql.Identifier(name)))


def readyz() -> tuple[int, dict]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["components"]["database"]


def test_a_read_only_database_sends_nothing_says_so_and_trades_again(stack, trip, admin) -> None:
    stack.beats = 0
    trip.enter(nudge=False)
    alter(admin, "SET default_transaction_read_only = on")
    try:
        cut_all(admin)
        stack.beats = 1
        time.sleep(3)
        assert trip.there() == []
        assert readyz() == (503, {"ok": False, "detail": "read-only", "age_seconds": None})
    finally:
        alter(admin, "RESET default_transaction_read_only")
        cut_all(admin)
    trip.wait(holds=True, seconds=30)
    assert trip.violations("buy") == []


def test_a_database_that_is_away_for_a_while_is_waited_for(stack, trip, admin) -> None:
    stack.beats = 0
    trip.enter(nudge=False)
    alter(admin, "ALLOW_CONNECTIONS false")
    try:
        cut_all(admin)
        stack.beats = 1
        time.sleep(3)
        assert trip.there() == []
        code, said = readyz()
        assert (code, said["ok"]) == (503, False)
    finally:
        alter(admin, "ALLOW_CONNECTIONS true")
    trip.wait(holds=True, seconds=30)
    assert trip.violations("buy") == []
    assert stack.worker.process.poll() is None
