"""Orders over real HTTP: the simulated exchange in its own process, with its faults."""

from __future__ import annotations

import os
import re
import sys
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from apps.core.actor import Actor
from apps.core.clock import now
from apps.marketdata.actions.sync_instruments import sync_instruments
from apps.marketdata.models import Instrument, MarketClock
from apps.orders import invariants as of_orders
from apps.orders.actions import send_orders as sending
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Fill, Order, WireCall
from apps.portfolio import invariants as of_books
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Balance
from apps.venues import gateways
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests.factories import make_account, make_bot, make_draft
from tests.factories.ledger import open_ledger
from tests.fixtures import nursery
from tests.fixtures.simulator import simulator, simulators

__all__ = ["simulator", "simulators"]
pytestmark = pytest.mark.django_db(transaction=True)
PERSON = Actor(kind="person", id="1", name="Ada")


@pytest.fixture
def account(simulator, settings, redis_server, request):
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    keys = simulator.account(f"http-{request.node.name}"[:48])
    account = make_account()
    write_keys(
        actor=PERSON, account_id=account.id, api_key=keys["api_key"], api_secret=keys["secret"]
    )
    gateway = gateways.gateway(credentials(account_id=account.id))
    sync_instruments(account_id=account.id)
    open_ledger(account_id=account.id, balances=call(gateway.balances(), timeout=10))
    yield account
    call(gateway.close(), timeout=10)
    gateways._GATEWAYS.clear()
    simulator.control("DELETE", "faults")


@pytest.fixture
def bot(account):
    return make_bot(account=account, instruments=[Instrument.objects.get(symbol="BTC/USDT")])


def record(bot, **values):
    values = {"amount": Decimal("0.01"), **values}
    with transaction.atomic():
        [order_id] = create_orders(drafts=[make_draft(bot, **values)])
    return Order.objects.get(id=order_id)


def work(account_id):
    """One turn of a worker."""
    sent = send_orders(account_id=account_id)
    resolve_orders(account_id=account_id)
    absorb(account_id=account_id)
    return sent


def status(order):
    return Order.objects.get(id=order.id).status


def assert_books_equal_the_exchange(account):
    gateway = gateways.gateway(credentials(account_id=account.id))
    venue = {a: v for a, v in call(gateway.balances(), timeout=10).items() if v}
    assert dict(Balance.objects.filter(amount__gt=0).values_list("asset", "amount")) == venue
    with connection.cursor() as cursor:
        for name, (_, statement) in (of_orders.INVARIANTS | of_books.INVARIANTS).items():
            cursor.execute(statement)
            assert cursor.fetchall() == [], name


def test_an_order_is_filled_and_the_ledger_equals_the_exchange(account, bot):
    buy = record(bot)
    assert work(account.id).acknowledged == 1
    sell = record(bot, purpose="reduce", side="sell", amount=Decimal("0.005"))
    work(account.id)
    assert (status(buy), status(sell)) == ("filled", "filled")
    assert_books_equal_the_exchange(account)


def test_what_crossed_the_wire_is_kept_without_key_secret_or_signature(account, bot):
    order = record(bot)
    work(account.id)
    access = credentials(account_id=account.id)
    call_ = WireCall.objects.get(order=order, verb="create")
    assert (call_.method, call_.status) == ("POST", 200)
    assert order.client_order_id in call_.request + call_.url
    assert order.client_order_id in call_.answer
    for kept in WireCall.objects.all():
        text = f"{kept.url} {kept.request} {kept.answer} {kept.error}"
        assert access.api_key not in text
        assert access.api_secret not in text
        assert not re.search(r"signature=[0-9a-f]{8}", text)


def test_a_stop_rests_and_is_replaced_by_an_exit(account, bot):
    record(bot, amount=Decimal("0.02"))
    work(account.id)
    stop = record(
        bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(40_000),
        amount=Decimal("0.019"),
    )  # fmt: skip
    work(account.id)
    assert status(stop) == "open"
    leave = record(
        bot, purpose="reduce", side="sell", amount=Decimal("0.019"), replaces_id=stop.id, leg="exit"
    )
    assert work(account.id).waiting == 1
    assert status(stop) == "canceled"
    work(account.id)
    assert status(leave) == "filled"
    assert_books_equal_the_exchange(account)


def test_a_resting_order_is_cancelled(account, bot):
    order = record(bot, type="limit", price=Decimal(30_000))
    work(account.id)
    request_cancels(order_ids=[order.id], actor=PERSON, cause="person")
    assert send_cancels(account_id=account.id).confirmed == 1
    absorb(account_id=account.id)
    assert status(order) == "canceled"
    assert_books_equal_the_exchange(account)


def test_what_the_exchange_refuses_is_rejected_with_its_code(account, bot):
    order = record(bot, amount=Decimal(1000))
    work(account.id)
    found = Order.objects.get(id=order.id)
    assert found.status == "rejected"
    assert found.status_reason == "-2010"
    assert_books_equal_the_exchange(account)


@pytest.mark.parametrize("kind", ["timeout_after_accept", "http_503_unknown", "status_unknown"])
def test_an_answer_that_is_lost_is_found_by_asking(account, bot, simulator, kind):
    order = record(bot)
    simulator.control("POST", "faults", {"kind": kind, "ms": 6000})
    assert send_orders(account_id=account.id).unknown == 1
    assert status(order) == "unknown"
    work(account.id)
    assert status(order) == "filled"
    assert Order.objects.count() == Fill.objects.count() == 1
    assert_books_equal_the_exchange(account)


def test_a_request_that_is_lost_is_proved_absent_and_sent_anew(account, bot, simulator):
    order = record(bot)
    simulator.control("POST", "faults", {"kind": "timeout_before_accept", "ms": 5000})
    started = time.monotonic()
    assert send_orders(account_id=account.id).unknown == 1
    while status(order) == "unknown":
        work(account.id)
        time.sleep(0.2)
    while Order.objects.exclude(status__in=["rejected", "filled"]).exists():
        work(account.id)
    assert time.monotonic() - started < 30
    assert sorted(Order.objects.values_list("status", flat=True)) == ["filled", "rejected"]
    assert Fill.objects.count() == 1
    assert_books_equal_the_exchange(account)


def test_an_exchange_that_is_away_loses_nothing(account, bot, simulator):
    record(bot)
    url = simulator.url
    simulator.kill()
    for _ in range(2):
        assert send_orders(account_id=account.id).acknowledged == 0
    simulator.start()
    assert simulator.url == url
    for _ in range(3):
        work(account.id)
    assert Order.objects.filter(status="filled").count() == 1
    assert not Order.objects.exclude(status__in=["filled", "withdrawn"]).exists()
    assert_books_equal_the_exchange(account)


def test_a_crash_between_answer_and_its_storing_leaves_one_fill(account, bot, monkeypatch):
    order = record(bot)

    def crash(**_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(sending, "store_answers", crash)
        with pytest.raises(SystemExit):
            send_orders(account_id=account.id)
    assert status(order) == "submitted"
    work(account.id)
    assert status(order) == "filled"
    assert Fill.objects.count() == 1
    assert_books_equal_the_exchange(account)


def test_send_by_is_market_time(account, bot):
    late = now() - timedelta(days=900)
    MarketClock.objects.create(now=late)
    order = record(bot, send_by=late + timedelta(minutes=1), decided_at=late)
    work(account.id)
    assert status(order) == "filled"


SENDER = """
import sys, uuid, django
django.setup()
from apps.orders.actions.send_orders import send_orders
send_orders(account_id=uuid.UUID(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "accepted"), [("delay", True), ("timeout_before_accept", False)])
def test_a_sender_killed_with_an_order_in_flight_is_settled(
    account, bot, simulator, fault, accepted
):
    order = record(bot)
    simulator.control("POST", "faults", {"kind": fault, "ms": 3000})
    sender = nursery.start(
        [sys.executable, "-c", SENDER, str(account.id)],
        env=os.environ | {"SIMULATOR_URL": simulator.url},
    )
    try:
        wait_until(lambda: status(order) == "submitted" and not armed(simulator))
    finally:
        sender.kill()
        sender.wait()
    started = time.monotonic()
    wait_until(lambda: work(account.id) and not unfinished())
    assert time.monotonic() - started < 30
    assert status(order) == ("filled" if accepted else "rejected")
    assert Order.objects.filter(status="filled").count() == Fill.objects.count() == 1
    assert_books_equal_the_exchange(account)


def armed(simulator):
    return [f for f in simulator.control("GET", "faults")["armed"] if f["count"]]


def unfinished():
    return Order.objects.exclude(status__in=["filled", "rejected"]).exists()


def wait_until(question, seconds=30):
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.1)
