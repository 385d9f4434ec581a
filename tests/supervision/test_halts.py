"""What a halt cancels, what it leaves, when it calls itself verified, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from apps.core.clock import now
from apps.orders.actions.send_orders import send_orders
from apps.orders.domain.client_ids import client_order_id
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun
from tests.factories import make_draft
from tests.supervision.halting import REST, STOP, again, press, status

pytestmark = pytest.mark.django_db(transaction=True)

EXIT = {"purpose": "reduce", "side": "sell", "type": "limit", "price": Decimal(200), "leg": "x"}


def test_a_halt_cancels_entries_and_reductions_and_leaves_stops_and_other_peoples_orders(
    bot, trade, venue
):
    trade(bot)
    entry, leaving, stop = (
        trade(bot, **REST),
        trade(bot, amount=Decimal("0.5"), **EXIT),
        trade(bot, **STOP),
    )
    venue.place("web_1")
    press()
    run_halts()
    assert [status(o) for o in (entry, leaving, stop)] == ["canceled", "canceled", "open"]
    assert venue.orders["web_1"].status == "open"
    assert ("cancel", stop.client_order_id) not in venue.calls
    run = HaltRun.objects.get()
    assert (run.canceled, run.remaining, run.error) == (2, 0, "")
    assert run.requested_at <= run.barrier_at <= run.verified_at
    assert Position.objects.get().amount == 1


def test_orders_not_yet_sent_are_withdrawn(bot, record, venue):
    order = record(bot)
    press()
    run_halts()
    assert status(order) == "withdrawn"
    assert not [call for call in venue.calls if call[0] in {"create", "cancel"}]
    assert HaltRun.objects.get().verified_at


def test_an_order_recorded_after_the_halt_is_never_sent(bot, record, venue):
    press()
    run_halts()
    record(bot)
    send_orders(account_id=bot.account_id)
    assert not [call for call in venue.calls if call[0] == "create"]


def test_a_bot_s_halt_touches_only_this_bot(bot, sibling, trade, venue):
    ours, theirs = trade(bot, **REST), trade(sibling, **REST)
    press("bot", bot.id)
    run_halts()
    assert (status(ours), status(theirs)) == ("canceled", "open")
    assert status(trade(sibling, **REST, leg="again")) == "open"


@pytest.mark.parametrize("scope", ["account", "venue", "stage", "strategy", "instrument"])
def test_every_scope_finds_its_orders(scope, bot, account, instrument, trade, venue):
    order = trade(bot, **REST)
    scope_id = {
        "account": account.id, "venue": account.venue, "stage": "paper", "strategy": "sma_cross",
        "instrument": instrument.id,
    }[scope]  # fmt: skip
    press(scope, scope_id)
    run_halts()
    assert status(order) == "canceled"
    assert HaltRun.objects.get(account=account).verified_at


def test_a_second_halt_is_the_same_halt(bot, venue):
    assert press().id == press().id
    run_halts()
    run_halts()
    assert HaltRun.objects.count() == 1


def test_refused_cancels_are_tried_until_the_venue_shows_none(bot, trade, venue):
    order = trade(bot, **REST)
    venue.cancel_fault = "try later"
    press()
    run_halts()
    run = HaltRun.objects.get()
    assert (run.remaining, run.verified_at, run.attempts) == (1, None, 1)
    assert run.next_try_at > now() - timedelta(seconds=1)
    for _ in range(3):
        again()
    assert HaltRun.objects.get().verified_at is None
    venue.cancel_fault = ""
    again()
    assert status(order) == "canceled"
    assert HaltRun.objects.get().verified_at


def test_a_venue_that_cannot_be_read_is_not_verified_and_says_why(bot, trade, venue):
    trade(bot, **REST)
    venue.reads_fail = True
    press()
    run_halts()
    run = HaltRun.objects.get()
    assert (run.verified_at, run.error[:11]) == (None, "READ_FAILED")
    venue.reads_fail = False
    again()
    assert HaltRun.objects.get().verified_at


def test_a_lost_sender_keeps_the_halt_open_until_its_order_is_proved_absent(bot, record, venue):
    order = record(bot)
    Order.objects.filter(id=order.id).update(status="submitted", submitted_at=now(), fence=1)
    press()
    run_halts()
    assert HaltRun.objects.get().verified_at is None
    Order.objects.filter(id=order.id).update(submitted_at=now() - timedelta(seconds=60))
    Order.objects.update(asked_at=None)
    again()
    assert status(order) == "rejected"
    assert HaltRun.objects.get().verified_at


def test_a_lost_sender_whose_order_arrived_is_cancelled(bot, record, venue):
    order = record(bot, **REST)
    Order.objects.filter(id=order.id).update(status="submitted", submitted_at=now(), fence=1)
    venue.place(order.client_order_id)
    press()
    for _ in range(4):
        again()
    assert venue.orders[order.client_order_id].status == "canceled"
    assert status(order) == "canceled"
    assert HaltRun.objects.get().verified_at


def test_an_order_with_our_mark_and_no_row_is_cancelled_by_a_halt_of_its_whole_account(bot, venue):
    name = client_order_id(draft=make_draft(bot), key=settings.DESK_MARK_KEY)
    venue.place(name)
    press("bot", bot.id)
    run_halts()
    assert venue.orders[name].status == "open"
    press("account", bot.account_id)
    again()
    again()
    assert venue.orders[name].status == "canceled"
    assert all(run.verified_at for run in HaltRun.objects.all())


def test_an_order_that_our_books_call_ended_and_the_venue_shows_is_cancelled(bot, trade, venue):
    order = trade(bot, **REST)
    Order.objects.filter(id=order.id).update(status="canceled", ended_at=now())
    press()
    run_halts()
    again()
    assert venue.orders[order.client_order_id].status == "canceled"
    assert HaltRun.objects.get().verified_at
