"""An order that takes another's place, and cancels that are refused, early or in doubt."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.core.clock import now
from apps.orders.actions import send_orders as sending
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_orders import send_orders
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from tests.orders.acts import PERSON, fresh, hold, pair, record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0)


def test_an_exit_waits_until_the_stop_it_replaces_has_ended(bot, venue):
    hold(bot)
    stop = record(bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(90))
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    leave = record(bot, purpose="reduce", side="sell", replaces_id=stop.id, leg="exit")
    summary = send_orders(account_id=bot.account_id)
    assert (summary.waiting, fresh(leave).status) == (1, "created")
    assert fresh(stop).status == "pending_cancel"
    assert send_orders(account_id=bot.account_id).waiting == 1
    assert venue.calls.count(("cancel", stop.client_order_id)) == 1
    absorb(account_id=bot.account_id)
    assert fresh(stop).status == "canceled"
    assert send_orders(account_id=bot.account_id).sent == [leave.id]


def test_an_exit_is_withdrawn_when_the_stop_filled_instead(bot, venue):
    hold(bot)
    stop = record(bot, purpose="protect", side="sell", type="stop_market", stop_price=Decimal(90))
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    venue.fill(stop.client_order_id)
    leave = record(bot, purpose="reduce", side="sell", replaces_id=stop.id, leg="exit")
    assert send_orders(account_id=bot.account_id).waiting == 1
    absorb(account_id=bot.account_id)
    assert fresh(stop).status == "filled"
    send_orders(account_id=bot.account_id)
    assert fresh(leave).status_reason == "REPLACED_ORDER_FILLED"


def test_an_exit_waits_for_the_target_whose_touch_ended_the_stop(bot, venue):
    """The venue ends the stop when its target begins to trade; how much it took is not known yet."""
    hold(bot)
    stop, target = pair(bot)
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    leave = record(bot, purpose="reduce", side="sell", replaces_id=stop.id, leg="exit")
    venue.fill(target.client_order_id)
    Order.objects.filter(id=stop.id).update(status="expired", ended_at=now())
    assert send_orders(account_id=bot.account_id).waiting == 1
    assert fresh(leave).status == "created"
    absorb(account_id=bot.account_id)
    assert fresh(target).status == "filled"
    send_orders(account_id=bot.account_id)
    assert (fresh(leave).status, fresh(leave).status_reason) == (
        "withdrawn", "AMOUNT_ABOVE_POSITION",
    )  # fmt: skip
    assert ("create", leave.client_order_id) not in venue.calls


def test_an_exit_takes_along_both_legs_of_a_pair_that_never_left(bot, venue):
    hold(bot)
    stop, target = pair(bot)
    request_cancels(order_ids=[stop.id], actor=PERSON, cause="replaced")
    leave = record(bot, purpose="reduce", side="sell", replaces_id=stop.id, leg="exit")
    send_orders(account_id=bot.account_id)
    assert (fresh(stop).status, fresh(target).status) == ("withdrawn", "withdrawn")
    send_orders(account_id=bot.account_id)
    assert [call for call in venue.calls if call[0] == "create"] == [
        ("create", leave.client_order_id)
    ]


def test_a_refused_cancel_is_tried_again(bot, venue):
    order = record(bot, type="limit", price=Decimal(90))
    send_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert request_cancels(order_ids=[order.id], actor=PERSON, cause="person") == 1
    assert request_cancels(order_ids=[order.id], actor=PERSON, cause="person") == 0
    venue.cancel_fault = "503"
    assert send_cancels(account_id=bot.account_id).confirmed == 1  # asked: it is still open
    assert fresh(order).status == "pending_cancel"
    venue.cancel_fault = ""
    assert send_cancels(account_id=bot.account_id).sent == 0
    Order.objects.update(asked_at=now() - timedelta(seconds=3))
    assert send_cancels(account_id=bot.account_id).confirmed == 1
    absorb(account_id=bot.account_id)
    assert fresh(order).status == "canceled"


def test_a_cancel_of_what_never_left_withdraws_it(bot, venue):
    order = record(bot)
    request_cancels(order_ids=[order.id], actor=PERSON, cause="person")
    assert fresh(order).status == "withdrawn"
    send_orders(account_id=bot.account_id)
    assert venue.calls == []


def test_a_cancel_of_an_unknown_order_follows_once_it_shows(bot, venue):
    order = record(bot, type="limit", price=Decimal(90))
    venue.fault = "silent"
    send_orders(account_id=bot.account_id)
    request_cancels(order_ids=[order.id], actor=PERSON, cause="person")
    assert fresh(order).status == "unknown"
    assert send_cancels(account_id=bot.account_id).sent == 0
    resolve_orders(account_id=bot.account_id)
    absorb(account_id=bot.account_id)
    assert send_cancels(account_id=bot.account_id, order_ids=[order.id]).confirmed == 1
    absorb(account_id=bot.account_id)
    assert fresh(order).status == "canceled"
