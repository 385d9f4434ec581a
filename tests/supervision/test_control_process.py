"""The control process as it runs: its own process, real locks, a real exchange over HTTP."""

from __future__ import annotations

import os
import signal
import sys
import time
from decimal import Decimal

import pytest

from apps.core.actor import Actor
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.risk.actions.halt import halt
from apps.supervision.actions.release_halt import release_halt
from apps.supervision.models import HaltRun
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call
from tests.factories import make_account, make_bot
from tests.fixtures import nursery
from tests.fixtures.simulator import simulator, simulators

__all__ = ["simulator", "simulators"]
ACTOR = Actor(kind="person", id="1", name="Rita")
REST = {"type": "limit", "price": Decimal(45000), "amount": Decimal("0.001")}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exchange(simulator, settings):
    """The simulated exchange as the one that the desk's code names."""
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    yield simulator
    simulator.control("DELETE", "faults")
    forget_markets()
    while gateways._GATEWAYS:
        call(gateways._GATEWAYS.popitem()[1].close(), timeout=10)


@pytest.fixture
def trader(exchange, request):
    """A bot whose account is funded at the exchange."""
    asked = exchange.account(f"t-{request.node.name[:20]}-{time.monotonic_ns()}")
    account = make_account()
    keys = {"api_key": asked["api_key"], "api_secret": asked["secret"]}
    write_keys(actor=ACTOR, account_id=account.id, **keys)
    sync_instruments(account_id=account.id)
    return make_bot(account=account, instruments=[Instrument.objects.get(symbol="BTC/USDT")])


@pytest.fixture
def control(exchange, superuser_connection):
    """Start control processes; whatever still runs at the end is stopped."""
    started = []

    def start(**environment) -> nursery.Process:
        known = sessions(superuser_connection)
        process = nursery.start(
            [sys.executable, "manage.py", "control"],
            env=os.environ | {"SIMULATOR_URL": exchange.url, "LOG_LEVEL": "WARNING"} | environment,
        )
        started.append(process)
        wait_for(lambda: sessions(superuser_connection) - known, seconds=30)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0


def sessions(connection) -> set[int]:
    return {
        row[0]
        for row in connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'desk-control'"
            " AND datname = current_database()"
        )
    }


def wait_for(condition, *, seconds=15.0):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)
    return found


def statuses(bot):
    return sorted(set(Order.objects.filter(bot=bot).values_list("status", flat=True)))


def press(**values):
    return halt(actor=ACTOR, scope_kind="desk", scope_id="", reason="drill", **values)


def verified():
    return HaltRun.objects.filter(verified_at__isnull=False).first()


def test_a_halt_over_http_is_verified_within_ten_seconds_and_can_be_released(
    trader, trade_http, control
):
    for number in range(8):
        trade_http(trader, leg=str(number), **REST)
    assert statuses(trader) == ["open"]
    control()
    found = press()
    run = wait_for(verified, seconds=30)
    assert (run.verified_at - run.requested_at).total_seconds() < 10
    assert (run.canceled, run.remaining) == (8, 0)
    assert (run.barrier_at - run.requested_at).total_seconds() < 5
    assert statuses(trader) == ["canceled"]
    release_halt(actor=ACTOR, restriction_id=found.id, reason="drill over")
    assert trade_http(trader, leg="after", **REST).status == "open"


def test_the_control_process_killed_in_the_middle_goes_on_where_it_was(
    exchange, trader, trade_http, control
):
    for number in range(12):
        trade_http(trader, leg=str(number), **REST)
    exchange.control(
        "POST",
        "faults",
        {"kind": "delay", "method": "DELETE", "path": "*", "count": 12, "ms": 1000},
    )
    first = control()
    press()
    wait_for(lambda: Order.objects.filter(status="pending_cancel").exists())
    first.kill()
    first.wait(10)
    assert verified() is None
    control()
    wait_for(verified, seconds=60)
    assert statuses(trader) == ["canceled"]
    assert HaltRun.objects.count() == 1


def test_a_flatten_over_http_ends_flat_with_equal_books(trader, trade_http, control):
    reconcile_balances(account_id=trader.account_id)
    trade_http(trader, amount=Decimal("0.01"))
    assert Position.objects.get().amount > 0
    control()
    press(flatten=True)
    wait_for(lambda: HaltRun.objects.filter(flattened_at__isnull=False).first(), seconds=20)
    position = Position.objects.get()
    assert position.amount < Decimal("0.00001")
    assert Order.objects.get(purpose="flatten").status == "filled"
    assert reconcile_orders(account_id=trader.account_id).is_clean
    assert reconcile_balances(account_id=trader.account_id).is_clean


def test_a_halt_needs_no_redis(trader, trade_http, control):
    trade_http(trader, **REST)
    control(REDIS_URL="redis://127.0.0.1:1/0")
    press()
    wait_for(verified, seconds=20)
    assert statuses(trader) == ["canceled"]


def test_the_control_process_outlives_its_database_sessions(
    trader, trade_http, control, superuser_connection
):
    trade_http(trader, **REST)
    process = control()
    before = sessions(superuser_connection)
    superuser_connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'desk-control'"
    )
    wait_for(lambda: sessions(superuser_connection) - before)
    press()
    wait_for(verified, seconds=20)
    assert statuses(trader) == ["canceled"]
    assert process.poll() is None
