"""Fences, doubt and builds: what a sender may write, and what an unknown order does."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from apps.core.clock import now, read_from
from apps.orders.actions import send_orders as sending
from apps.orders.actions.forget_calls import forget_calls
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_orders import send_orders
from apps.orders.actions.store_calls import store_calls
from apps.orders.actions.store_facts import store_facts
from apps.orders.actions.watch_doubt import watch_doubt
from apps.orders.domain.proof import HORIZONS, horizon
from apps.orders.invariants import INVARIANTS
from apps.orders.models import Order, SendFence, WireCall
from apps.portfolio.actions.absorb import absorb
from apps.risk.actions.declare_build import declare_build
from apps.risk.actions.permit import send_permit
from apps.risk.models import Restriction
from apps.venues.domain.wire_record import WireRecord
from tests.factories import fill_report, make_fill, make_order, order_report
from tests.orders.acts import PERSON, fresh, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)


def broken(name):
    with connection.cursor() as cursor:
        cursor.execute(INVARIANTS[name][1])
        return cursor.fetchall()


def test_every_claim_takes_a_higher_fence(bot, venue):
    first = record(bot, leg="1")
    send_orders(account_id=bot.account_id)
    second = record(bot, leg="2")
    send_orders(account_id=bot.account_id)
    assert (fresh(first).fence, fresh(second).fence) == (1, 2)
    assert SendFence.objects.get().fence == 2
    with pytest.raises(IntegrityError, match="STALE_FENCE"):
        SendFence.objects.update(fence=2)
    with pytest.raises(IntegrityError, match="STALE_FENCE"):
        Order.objects.filter(id=second.id).update(fence=1)
    assert broken("I8_fences_rise") == []


def test_a_sender_that_wakes_late_writes_no_state_but_its_facts_are_absorbed(bot, venue):
    """Between its send and its answer another process settled the order under a higher fence."""
    order = record(bot)

    async def slow(ticket, **_):
        report = venue.accept(ticket)
        await asyncio.to_thread(settle)
        return report

    def settle():
        moved = move_orders(
            moves=[Move(order.id, "unknown", "sweep")], before=("submitted",), at=now(), fence=9
        )
        connection.close()
        assert moved == {order.id}

    venue.create_order = slow
    send_orders(account_id=bot.account_id)
    assert (fresh(order).status, fresh(order).fence) == ("unknown", 9)
    absorb(account_id=bot.account_id)
    assert (fresh(order).status, fresh(order).filled) == ("filled", 1)
    assert (
        move_orders(moves=[Move(order.id, "unknown", "x")], before=("filled",), at=now(), fence=8)
        == set()
    )


def test_a_process_that_was_stopped_after_its_claim_sends_nothing(bot, venue, monkeypatch):
    order = record(bot)
    real = sending.claim_orders

    def stopped(**values):
        claim = real(**values)
        return replace(claim, at=claim.at - timedelta(seconds=10))

    monkeypatch.setattr(sending, "claim_orders", stopped)
    assert send_orders(account_id=bot.account_id).retrying == 1
    assert venue.calls == []
    assert fresh(order).status_reason == "PERMIT_EXPIRED"
    assert Order.objects.filter(status="created").count() == 1


def test_a_process_that_was_stopped_while_its_permit_was_asked_for_sends_nothing(
    bot, venue, monkeypatch
):
    order = record(bot)
    real = sending.asked_permit

    @contextmanager
    def stopped(**values):
        with real(**values) as granted:
            read_from(lambda: datetime.now(UTC) + timedelta(seconds=10))
            yield granted

    monkeypatch.setattr(sending, "asked_permit", stopped)
    try:
        assert send_orders(account_id=bot.account_id).retrying == 1
    finally:
        read_from(None)
    assert venue.calls == []
    assert fresh(order).status_reason == "PERMIT_EXPIRED"


def test_a_bot_reduces_while_its_order_is_in_doubt_for_a_minute(bot, venue):
    order = record(bot)
    venue.fault = "silent"
    send_orders(account_id=bot.account_id)
    venue.reads_fail = True
    resolve_orders(account_id=bot.account_id)
    assert Restriction.objects.count() == 0
    Order.objects.update(submitted_at=now() - timedelta(seconds=61), asked_at=None)
    resolve_orders(account_id=bot.account_id)
    found = Restriction.objects.get()
    assert (found.scope_kind, found.scope_id, found.state) == ("bot", str(bot.id), "reducing")
    assert found.code == "UNKNOWN_ORDER"
    assert (fresh(order).status, watch_doubt().restricted) == ("unknown", 0)
    with send_permit(account_id=bot.account_id) as permit:
        assert not permit.allows("entry", bot.id, order.instrument_id)
        assert permit.allows("reduce", bot.id, order.instrument_id)
    venue.reads_fail = False
    Order.objects.update(asked_at=None)
    resolve_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert watch_doubt().released == 1
    assert fresh(order).status == "filled"
    assert Restriction.objects.get().lifted_at is not None


def test_an_old_build_sends_exits_but_no_entries(bot, venue, settings):
    make_fill(make_order(bot, status="submitted"))
    entry = record(bot)
    leave = record(bot, purpose="reduce", side="sell", leg="exit")
    declare_build(actor=PERSON, build="new")
    settings.BUILD = "old"
    assert send_orders(account_id=bot.account_id).old_build == 1
    assert venue.calls == [("create", leave.client_order_id)]
    assert fresh(entry).status == "created"
    settings.BUILD = "new"
    send_orders(account_id=bot.account_id)
    assert venue.calls[1:] == [("create", entry.client_order_id)]


def test_a_build_declared_between_start_and_permit_stops_the_entry(
    bot, venue, settings, monkeypatch
):
    order = record(bot)
    real = sending.admit_orders

    def declared_meanwhile(**values):
        declare_build(actor=PERSON, build="new")
        return real(**values)

    monkeypatch.setattr(sending, "admit_orders", declared_meanwhile)
    assert send_orders(account_id=bot.account_id).retrying == 1
    assert (fresh(order).status_reason, venue.calls) == ("OLD_BUILD", [])


def test_a_cancel_that_is_refused_for_hours_is_tried_ever_more_seldom(bot, venue):
    order = record(bot, type="limit", price=Decimal(90))
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    request_cancels(order_ids=[order.id], actor=PERSON, cause="person")
    venue.cancel_fault = "503"
    for hours, quiet, due in ((0, 1, 3), (0.01, 6, 8), (2, 59, 61)):
        wanted = now() - timedelta(hours=hours)
        for seconds, sent in ((quiet, 0), (due, 1)):
            asked = now() - timedelta(seconds=seconds)
            Order.objects.update(cancel_requested_at=wanted, asked_at=asked)
            assert send_cancels(account_id=bot.account_id).sent == sent, (hours, seconds)
    venue.cancel_fault = ""
    Order.objects.update(asked_at=None)
    send_cancels(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert fresh(order).status == "canceled"


def test_what_crossed_the_wire_is_kept_for_thirty_days(bot):
    order = record(bot)
    for days in (0, 31):
        call = WireRecord(
            "create", (order.client_order_id, "nobody"), "POST", "/order", "a=1", 200, "{}\x00", "",
            now() - timedelta(days=days), 1.0,
        )  # fmt: skip
        store_calls(
            account_id=bot.account_id, calls=[call], names={order.client_order_id: order.id}
        )
    assert WireCall.objects.filter(order=order).count() == 2
    assert forget_calls() == 2
    kept = WireCall.objects.get(order=order)
    assert (kept.verb, kept.status, kept.answer) == ("create", 200, "{}\ufffd")


@pytest.mark.parametrize(
    "terms",
    [
        {}, {"amount": Decimal("1.50"), "type": "limit", "price": Decimal("0.00001000")},
        {"type": "trailing_stop_market", "trailing_rate": Decimal("0.010"), "purpose": "protect"},
        {"worst_price": Decimal("101.50"), "position_side": "long", "reduce_only": True},
        {"expires_at": now().replace(microsecond=0), "time_in_force": "GTD"},
        {"expires_at": now().replace(microsecond=1250), "time_in_force": "GTD"},
    ],
    ids=["market", "limit", "trailing", "guarded", "whole second", "microseconds"],
)  # fmt: skip
def test_an_order_rows_id_is_the_hash_of_its_row(bot, terms):
    record(bot, **terms)
    assert broken("I17_rows_are_their_ids") == []


def test_fills_that_name_only_the_triggered_order_belong_to_the_stop(bot):
    make_fill(make_order(bot, status="submitted"))
    stop = make_order(
        bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(90),
        status="open", fence=1, submitted_at=now(), venue_order_id="77",
    )  # fmt: skip
    told = replace(order_report(stop), triggered_id="901")
    store_facts(account_id=bot.account_id, source="stream", orders=[told])
    absorb(account_id=bot.account_id)
    sold = replace(fill_report(stop), client_order_id="", venue_order_id="901")
    closed = replace(order_report(stop), status="closed", filled=stop.amount)
    store_facts(account_id=bot.account_id, source="stream", orders=[closed], fills=[sold])
    absorb(account_id=bot.account_id)
    assert (fresh(stop).status, fresh(stop).venue_order_id) == ("filled", "77")
    assert stop.fills.get().venue_order_id == "901"
    assert broken("I2_one_exposure_per_order") == []


def test_every_venue_has_a_horizon_and_a_reason():
    venues = {"binance", "binanceusdm", "bybit", "okx", "kraken", "kucoin", "hyperliquid"}
    assert set(HORIZONS) == venues
    for venue, row in HORIZONS.items():
        assert row.source
        assert 10 <= horizon(venue=venue, environment="live").total_seconds() <= 90
