"""What a halt cancels, what it leaves, when it calls itself verified, and how it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.bots.models import BotTarget
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import InvalidInput
from apps.orders.actions.send_orders import send_orders
from apps.orders.domain.client_ids import client_order_id
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Position
from apps.risk.actions.halt import halt
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction, Verdict
from apps.supervision.actions.release_halt import HaltNotVerified, release_halt
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.domain.patience import LONGEST, wait_after
from apps.supervision.models import HaltRun
from apps.venues.actions.write_keys import write_keys
from tests.factories import make_account, make_draft, make_target

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(kind="person", id="1", name="Rita")
REST = {"type": "limit", "price": Decimal(90)}
STOP = {
    "purpose": "protect",
    "side": "sell",
    "type": "stop_market",
    "stop_price": Decimal(80),
    "leg": "s",
}
EXIT = {"purpose": "reduce", "side": "sell", "type": "limit", "price": Decimal(200), "leg": "x"}


def press(scope_kind="desk", scope_id="", **values) -> Restriction:
    return halt(actor=ACTOR, scope_kind=scope_kind, scope_id=str(scope_id), reason="test", **values)


def again() -> None:
    """Try once more without waiting for the back-off."""
    HaltRun.objects.update(next_try_at=None)
    run_halts()


def status(order) -> str:
    return Order.objects.get(id=order.id).status


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


def test_a_halt_is_released_only_when_it_is_verified_and_with_a_reason(bot, trade, venue):
    order = trade(bot, **REST)
    venue.cancel_fault = "no"
    found = press()
    run_halts()
    with pytest.raises(HaltNotVerified) as refused:
        release_halt(actor=ACTOR, restriction_id=found.id, reason="calm")
    assert refused.value.context["remaining"] == 1
    venue.cancel_fault = ""
    again()
    with pytest.raises(InvalidInput):
        release_halt(actor=ACTOR, restriction_id=found.id, reason=" ")
    assert release_halt(actor=ACTOR, restriction_id=found.id, reason="calm").lifted_by == "Rita"
    assert status(order) == "canceled"
    assert status(trade(bot, **REST, leg="after")) == "open"


def test_a_halt_nobody_has_carried_out_yet_cannot_be_released(bot, venue):
    found = press()
    with pytest.raises(HaltNotVerified):
        release_halt(actor=ACTOR, restriction_id=found.id, reason="at once")


def test_a_lifted_halt_is_not_carried_out_any_more(bot, trade, venue):
    found = press()
    lift(actor=ACTOR, restriction_id=found.id, reason="test", halt_is_over=True)
    order = trade(bot, **REST)
    assert run_halts().tried == 0
    assert status(order) == "open"


def test_one_account_s_trouble_does_not_stop_the_next(bot, trade, venue, monkeypatch):
    write_keys(actor=ACTOR, account_id=make_account().id, api_key="key", api_secret="secret")
    trade(bot, **REST)
    venue.cancel_fault = "no"
    press()
    summary = run_halts()
    assert (summary.tried, summary.finished) == (2, 1)


def test_waits_start_short_double_and_end_at_thirty_seconds():
    waits = [wait_after(n).total_seconds() for n in (1, 8, 9, 10, 15, 1000)]
    assert waits == [0.25, 0.25, 0.5, 1.0, 30.0, 30.0]
    assert wait_after(10**6) == LONGEST


def test_the_commands_halt_follow_and_release(bot, trade, venue, capsys):
    order = trade(bot, **REST)
    call_command(
        "halt", "--scope", "bot", "--id", bot.slug, "--reason", "drill", "--sweep", "--json",
        "--wait", "5",
    )  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert answer["runs"][0]["account"] == bot.account.slug
    assert answer["runs"][0]["verified_at"]
    assert status(order) == "canceled"
    call_command("release", "--json")
    assert json.loads(capsys.readouterr().out)["halts"][0]["halt"] == answer["halt"]
    with pytest.raises(CommandError, match="REASON_REQUIRED"):
        call_command("release", answer["halt"])
    call_command("release", answer["halt"], "--reason", "over")
    assert not Restriction.objects.filter(lifted_at=None).exists()


def test_the_halt_command_says_when_it_is_not_over_and_when_there_is_nothing_to_halt(
    bot, trade, venue, capsys
):
    trade(bot, **REST)
    with pytest.raises(SystemExit) as ended:
        call_command("halt", "--reason", "drill", "--wait", "0.1")
    assert ended.value.code == 3
    with pytest.raises(CommandError, match="SCOPE_NOT_FOUND"):
        call_command("halt", "--scope", "bot", "--id", str(uuid4()), "--reason", "x")
    venue.cancel_fault = ""
    absorb(account_id=bot.account_id)


def test_an_account_without_key_and_orders_holds_up_no_halt(bot, venue):
    make_account()
    press()
    run_halts()
    assert [run.account_id for run in HaltRun.objects.all()] == [bot.account_id]
