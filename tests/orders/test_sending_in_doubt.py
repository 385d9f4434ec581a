"""What a send may leave open: refusals, lost requests and answers, a sender that dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest
from django.db import connections

from apps.core.clock import now
from apps.orders.actions import send_orders as sending
from apps.orders.actions import send_wave
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.risk.models import Verdict
from apps.venues.domain.reports import OrderTicket
from tests.factories import make_order
from tests.orders.acts import fresh, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)


def long_ago(order):
    Order.objects.filter(id=order.id).update(
        submitted_at=now() - timedelta(seconds=30), asked_at=None
    )


def test_a_wave_that_never_ends_is_unknown(bot, venue, monkeypatch):
    order = record(bot)
    monkeypatch.setattr(send_wave, "DEADLINE_SECONDS", 0.1)

    async def hang(ticket, **_):
        venue.accept(ticket)
        await asyncio.sleep(5)

    venue.create_order = hang
    assert send_orders(account_id=bot.account_id).unknown == 1
    assert fresh(order).status == "unknown"


def test_a_refusal_is_the_venues_proof(bot, venue):
    order = record(bot)
    venue.fault = "refused"
    send_orders(account_id=bot.account_id)
    assert (fresh(order).status, fresh(order).status_reason) == ("rejected", "-2010")
    assert Order.objects.count() == 1


def test_a_timeout_after_acceptance_is_found_again(bot, venue):
    order = record(bot)
    venue.fault = "silent"
    assert send_orders(account_id=bot.account_id).unknown == 1
    assert fresh(order).status == "unknown"
    assert resolve_orders(account_id=bot.account_id).found == 1
    absorb(account_id=bot.account_id)
    assert (fresh(order).status, fresh(order).filled) == ("filled", 1)
    assert venue.calls.count(("create", order.client_order_id)) == 1


def test_a_timeout_without_acceptance_needs_the_horizon_to_be_proved(bot, venue):
    order = record(bot)
    venue.fault = "lost"
    send_orders(account_id=bot.account_id)
    assert resolve_orders(account_id=bot.account_id).in_doubt == 1
    assert fresh(order).status == "unknown"
    long_ago(order)
    summary = resolve_orders(account_id=bot.account_id)
    assert (summary.absent, summary.requeued) == (1, 1)
    assert (fresh(order).status, fresh(order).status_reason) == ("rejected", "NOT_AT_VENUE")
    again = Order.objects.exclude(id=order.id).get()
    assert again.client_order_id != order.client_order_id
    assert (again.status, again.amount, again.send_by) == ("created", order.amount, order.send_by)
    assert Verdict.objects.get(id=again.verdict_id).is_allowed


def test_a_failed_read_proves_nothing(bot, venue):
    order = record(bot)
    venue.fault = "lost"
    send_orders(account_id=bot.account_id)
    long_ago(order)
    venue.reads_fail = True
    assert resolve_orders(account_id=bot.account_id).in_doubt == 1
    assert fresh(order).status == "unknown"


def test_a_trade_that_may_be_its_own_keeps_the_doubt(bot, venue):
    order = record(bot)
    venue.fault = "lost"
    send_orders(account_id=bot.account_id)
    long_ago(order)
    stranger = OrderTicket("somebody", "BTC/USDT", "buy", "market", "GTC", order.amount)
    venue.accept(stranger)
    assert resolve_orders(account_id=bot.account_id).absent == 0
    assert fresh(order).status == "unknown"


@pytest.mark.parametrize("fault", ["unreachable", "limited"])
def test_what_provably_never_left_is_queued_anew_with_its_reservation(bot, venue, fault):
    order = record(bot)
    venue.fault = fault
    assert send_orders(account_id=bot.account_id).retrying == 1
    assert fresh(order).status == "withdrawn"
    venue.fault = ""
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert sorted(Order.objects.values_list("status", flat=True)) == ["filled", "withdrawn"]


def test_a_crash_between_claim_and_answer_is_settled_at_once(bot, venue, monkeypatch):
    order = record(bot)

    def crash(**_):
        raise SystemExit

    monkeypatch.setattr(sending, "store_answers", crash)
    with pytest.raises(SystemExit):
        send_orders(account_id=bot.account_id)
    assert fresh(order).status == "submitted"
    assert resolve_orders(account_id=bot.account_id).found == 1
    absorb(account_id=bot.account_id)
    assert fresh(order).status == "filled"
    assert venue.calls.count(("create", order.client_order_id)) == 1


def test_an_order_in_transit_is_left_alone_while_its_sender_lives(bot, venue):
    order = make_order(bot, status="submitted", submitted_at=now())
    params = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    with psycopg.connect(**params) as sender:
        sender.execute(
            "SELECT pg_advisory_lock(hashtextextended('orders.send:' || %s, 0))",
            [str(bot.account_id)],
        )
        assert resolve_orders(account_id=bot.account_id).asked == 0
        record(bot)
        assert send_orders(account_id=bot.account_id).is_busy
        assert venue.calls == []
        sender.execute("SELECT pg_advisory_unlock_all()")
    assert resolve_orders(account_id=bot.account_id).asked == 1
    assert fresh(order).status == "unknown"
