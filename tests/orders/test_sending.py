"""An order leaves once, in time, allowed, and in the order of decisions."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import psycopg
import pytest
from django.db import connection, connections, transaction

from apps.bots.models import Bot
from apps.core.clock import now
from apps.orders.actions import send_orders as sending
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.send_orders import send_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.risk.actions import permit
from apps.risk.actions.halt import halt
from apps.risk.actions.permit import close_permits
from apps.venues.gateways.budget import Admission
from apps.venues.gateways.errors import ReadFailed
from tests.factories import make_draft
from tests.orders.acts import PERSON, fresh, hold, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)


def test_a_recorded_order_is_sent_filled_and_absorbed(bot, venue):
    order = record(bot)
    summary = send_orders(account_id=bot.account_id)
    assert summary.sent == [order.id]
    assert fresh(order).status == "open"
    absorb(account_id=bot.account_id)
    found = fresh(order)
    assert (found.status, found.filled, found.fence) == ("filled", 1, 1)
    assert [e.after for e in order.events.all()] == ["created", "submitted", "open", "filled"]


def test_it_is_committed_as_submitted_before_a_byte_leaves(bot, venue):
    order = record(bot)
    seen = []
    dsn = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        dsn.pop(name, None)

    def look(ticket):
        with psycopg.connect(**dsn) as other:
            seen.extend(
                other.execute(
                    "SELECT status, client_order_id FROM orders_order WHERE id = %s", [order.id]
                ).fetchone()
            )

    venue.on_create = look
    send_orders(account_id=bot.account_id)
    assert seen == ["submitted", order.client_order_id]


def test_a_stream_may_tell_of_the_fill_before_the_answer_comes(bot, venue):
    order = record(bot)

    async def overtaken(ticket, **_):
        report = venue.accept(ticket)
        await asyncio.to_thread(hear, report)
        return report

    def hear(report):
        store_facts(account_id=bot.account_id, source="stream", orders=[report])
        absorb(account_id=bot.account_id)
        connection.close()

    venue.create_order = overtaken
    assert send_orders(account_id=bot.account_id).sent == [order.id]
    absorb(account_id=bot.account_id)
    assert (fresh(order).status, order.fills.count()) == ("filled", 1)
    assert [e.after for e in order.events.all()] == ["created", "submitted", "filled"]


def test_a_late_order_is_withdrawn_unsent(bot, venue):
    order = record(bot, send_by=now() - timedelta(seconds=1))
    summary = send_orders(account_id=bot.account_id)
    assert (summary.withdrawn, venue.calls) == (1, [])
    assert (fresh(order).status, fresh(order).status_reason) == ("withdrawn", "LATE")
    assert fresh(order).ended_at


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_a_bot_that_does_not_run_sends_exits_but_no_entries(bot, venue, state):
    hold(bot)
    entry = record(bot)
    leave = record(bot, purpose="reduce", side="sell")
    Bot.objects.filter(id=bot.id).update(state=state)
    send_orders(account_id=bot.account_id)
    assert fresh(entry).status_reason == f"BOT_{state.upper()}"
    assert venue.calls == [("create", leave.client_order_id)]


def test_a_reduction_above_the_position_is_withdrawn(bot, venue):
    hold(bot, "0.5")
    order = record(bot, purpose="reduce", side="sell", amount=Decimal(1))
    send_orders(account_id=bot.account_id)
    assert fresh(order).status_reason == "AMOUNT_ABOVE_POSITION"
    assert venue.calls == []


def test_after_a_halt_nothing_leaves_but_protection(bot, venue):
    hold(bot)
    entry = record(bot)
    stop = record(
        bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(90), leg="stop"
    )
    halt(actor=PERSON, scope_kind="bot", scope_id=str(bot.id), reason="test")
    send_orders(account_id=bot.account_id)
    assert venue.calls == [("create", stop.client_order_id)]
    assert (fresh(entry).status, fresh(entry).status_reason) == ("withdrawn", "TRADING_HALTED")


def test_orders_go_out_in_the_order_of_decisions(bot, venue):
    with transaction.atomic():
        ids = create_orders(drafts=[make_draft(bot, leg=str(n)) for n in range(25)])
    names = [Order.objects.get(id=i).client_order_id for i in ids]
    send_orders(account_id=bot.account_id)
    assert venue.calls == [("create", name) for name in names]


def test_without_rate_tokens_an_order_waits_unclaimed(bot, venue):
    order = record(bot)
    venue.admission = Admission(entries=0, exits=0, wait=1.0)
    assert send_orders(account_id=bot.account_id).throttled == 1
    assert (fresh(order).status, venue.calls) == ("created", [])


def test_exits_go_when_the_share_of_entries_is_used_up(bot, venue):
    hold(bot)
    with transaction.atomic():
        create_orders(drafts=[make_draft(bot, leg=str(n)) for n in range(25)])
    leave = record(bot, purpose="reduce", side="sell", leg="exit")
    venue.admission = Admission(entries=0, exits=1, wait=1.0)
    summary = send_orders(account_id=bot.account_id)
    assert venue.calls == [("create", leave.client_order_id)]
    assert summary.throttled == 25


def test_a_venue_that_cannot_be_reached_keeps_orders_unclaimed(bot, venue):
    order = record(bot)

    async def away(**_):
        raise ReadFailed(message="connection refused")

    venue.admit_orders = away
    assert send_orders(account_id=bot.account_id).throttled == 1
    assert (fresh(order).status, venue.calls) == ("created", [])


def test_a_barrier_that_holds_the_permit_queues_the_order_anew(bot, venue, monkeypatch):
    order = record(bot)
    monkeypatch.setattr(permit, "PERMIT_WAIT_SECONDS", 0.2)
    params = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        params.pop(name, None)
    with psycopg.connect(**params) as control:
        control.execute("SELECT pg_advisory_xact_lock(%s)", [permit.lock_key(bot.account_id)])
        assert send_orders(account_id=bot.account_id).retrying == 1
    assert (fresh(order).status_reason, venue.calls) == ("PERMIT_UNAVAILABLE", [])
    assert send_orders(account_id=bot.account_id).acknowledged == 1


@pytest.mark.parametrize("fails", [False, True])
def test_answers_to_a_large_wave_are_stored_at_once_and_a_failure_comes_out(
    bot, venue, monkeypatch, fails
):
    with transaction.atomic():
        create_orders(drafts=[make_draft(bot, leg=str(n)) for n in range(60)])
    real, sizes = sending.store_answers, []

    def store(**values):
        sizes.append(len(values["result"].answers))
        if fails:
            raise OSError("disk")
        return real(**values)

    monkeypatch.setattr(sending, "store_answers", store)
    if fails:
        with pytest.raises(OSError, match="disk"):
            send_orders(account_id=bot.account_id)
        assert Order.objects.filter(status="submitted").count() == 60
    else:
        assert send_orders(account_id=bot.account_id).acknowledged == 60
        assert Order.objects.filter(status="open").count() == 60
    assert sizes == [60]
    assert len(venue.calls) == 60


def test_two_senders_at_once_send_each_order_once(bot, venue):
    with transaction.atomic():
        create_orders(drafts=[make_draft(bot, leg=str(n)) for n in range(30)])
    start = Barrier(2)

    def run():
        start.wait()
        send_orders(account_id=bot.account_id)
        connection.close()
        close_permits()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send_orders(account_id=bot.account_id)
    names = [name for verb, name in venue.calls if verb == "create"]
    assert len(names) == len(set(names)) == 30
