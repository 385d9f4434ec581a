"""A halt that also sells what is held, and proves flat."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.bots.models import BotTarget
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.risk.models import Verdict
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun
from tests.factories import make_target
from tests.supervision.halting import STOP, again, press, status

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_flatten_cancels_stops_sells_what_is_held_and_proves_flat(bot, trade, venue):
    trade(bot)
    stop = trade(bot, **STOP)
    found = press(flatten=True)
    for _ in range(3):
        again()
    assert status(stop) == "canceled"
    assert Position.objects.get().amount == 0
    order = Order.objects.get(purpose="flatten")
    assert (order.side, order.type, order.amount, order.status) == ("sell", "market", 1, "filled")
    assert order.halt_id == found.id
    assert Verdict.objects.get(order=order).proposal["purpose"] == "flatten"
    run = HaltRun.objects.get()
    assert run.verified_at <= run.flattened_at


def test_after_a_flatten_nothing_is_wanted_until_the_strategy_changes_its_mind(
    bot, instrument, trade, venue
):
    trade(bot)
    make_target(bot, instrument)
    press(flatten=True)
    for _ in range(3):
        again()
    target = BotTarget.objects.get()
    assert (target.target_amount, target.stopped_out, target.exposure) == (0, True, 1.0)


def test_a_flatten_that_fills_in_part_goes_on_with_the_rest(bot, trade, venue, monkeypatch):
    trade(bot, amount=Decimal(2))
    whole = venue.accept

    def half(ticket):
        report = whole(ticket)
        if ticket.side == "sell" and ticket.amount == 2:
            part = report.fills[0].__class__(
                **{n: getattr(report.fills[0], n) for n in report.fills[0].__slots__}
                | {"amount": Decimal(1), "cost": venue.price}
            )
            report = report.__class__(
                **{n: getattr(report, n) for n in report.__slots__}
                | {"status": "expired", "filled": Decimal(1), "fills": (part,)}
            )
            venue.orders[ticket.client_order_id] = report
        return report

    monkeypatch.setattr(venue, "accept", half)
    press(flatten=True)
    for _ in range(4):
        again()
    assert [o.amount for o in Order.objects.filter(purpose="flatten").order_by("decided_at")] == [
        2,
        1,
    ]
    assert Position.objects.get().amount == 0
    assert HaltRun.objects.get().flattened_at


def test_dust_counts_as_flat(bot, trade, venue, instrument):
    trade(bot, amount=Decimal("0.02"))
    type(instrument).objects.filter(id=instrument.id).update(amount_min=Decimal("0.5"))
    press(flatten=True)
    run_halts()
    assert not Order.objects.filter(purpose="flatten").exists()
    assert HaltRun.objects.get().flattened_at


def test_a_flatten_added_to_a_halt_is_carried_out_too(bot, trade, venue):
    trade(bot)
    press()
    run_halts()
    assert HaltRun.objects.get().verified_at
    press(flatten=True)
    for _ in range(3):
        again()
    assert Position.objects.get().amount == 0
    assert HaltRun.objects.get().flattened_at


def test_the_flatten_of_a_bot_leaves_its_sibling_s_position(bot, sibling, trade, venue):
    trade(bot)
    trade(sibling)
    press("bot", bot.id, flatten=True)
    for _ in range(3):
        again()
    amounts = dict(Position.objects.values_list("bot_id", "amount"))
    assert amounts == {bot.id: 0, sibling.id: 1}
