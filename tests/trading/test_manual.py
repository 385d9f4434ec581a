"""Orders by hand go the way of all orders, once each, and no cycle undoes them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.audit.models import AuditEvent
from apps.bots.models import Bot, BotTarget
from apps.core.errors import Conflict, InvalidInput, RequiresChangeRequest
from apps.orders.actions.cancel_orders import cancel_group, cancel_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order, OrderGroup
from apps.portfolio.models import Position
from apps.risk.models import Verdict
from apps.trading.actions import place_manual as placing
from apps.trading.actions.amend_order import NewTerms, amend_order
from apps.trading.actions.close_position import close_position
from apps.trading.actions.place_group import place_group
from apps.trading.actions.place_manual import place_manual
from apps.trading.actions.run_account import run_account
from apps.trading.domain.manual import GroupTerms, ManualTerms
from tests.factories import make_quote
from tests.fakes.venue import FakeVenue
from tests.trading.desk import ANNA, Desk

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


@pytest.fixture
def bot(desk: Desk, venue: FakeVenue) -> Bot:
    """A bot whose strategy wants nothing, at a price of 100."""
    made = desk.bot()
    desk.history([100.0] * 6)
    make_quote(desk.instruments[0], last=D(100), at=desk.at)
    run_account(account_id=desk.account.id)
    return made


def terms(desk: Desk, **change: object) -> ManualTerms:
    values = {"side": "buy", "type": "market", "amount": D(2), "request_id": "r1"} | change
    return ManualTerms(instrument_id=desk.instruments[0].id, **values)  # type: ignore[arg-type]


def place(desk: Desk, bot: Bot, *, dry_run: bool = False, **change: object):
    return place_manual(
        actor=ANNA, bot_id=bot.id, terms=terms(desk, **change), reason="because", dry_run=dry_run
    )


def work(desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        run_account(account_id=desk.account.id)


def test_an_order_by_hand_is_judged_sent_booked_and_protected(desk, venue, bot) -> None:
    placed = place(desk, bot)
    work(desk)
    order = Order.objects.get(id=placed.order_id)
    assert (order.status, order.origin, order.requested_by) == ("filled", "manual", "Anna")
    assert (order.worst_price, order.reason, order.arrival_price) == (101, "because", 100)
    assert Verdict.objects.get(order=order).reserved_cost == 200
    assert Position.objects.get().amount == 2
    assert Order.objects.get(purpose="protect").amount == 2
    assert AuditEvent.objects.get(verb="order.place").object_id == str(order.id)
    desk.step(100.0)
    work(desk)
    # the strategy still wants nothing, and what was bought by hand stays
    assert Position.objects.get().amount == 2


def test_the_same_request_places_one_order_even_when_the_price_moved(desk, venue, bot) -> None:
    first = place(desk, bot)
    make_quote(desk.instruments[0], last=D(101), at=desk.at)
    again = place(desk, bot)
    assert (again.order_id, again.is_new) == (first.order_id, False)
    assert Order.objects.count() == 1
    assert BotTarget.objects.get().target_amount == 2


def test_a_dry_run_says_what_the_judge_says_and_writes_nothing(desk, venue, bot) -> None:
    said = place(desk, bot, dry_run=True, amount=D(1000))
    assert [r["code"] for r in said.refusals] == ["ORDER_COST", "POSITION_COST"]
    assert said.refusals[0]["would_pass"] == "10000"
    assert (Order.objects.count(), Verdict.objects.count()) == (0, 0)
    assert AuditEvent.objects.filter(verb__startswith="order.").count() == 0


def test_a_refusal_is_kept_as_a_verdict_and_makes_no_order(desk, venue, bot) -> None:
    said = place(desk, bot, type="limit", price=D("99.999"))
    assert [r["code"] for r in said.refusals] == ["PRICE_OFF_TICK"]
    assert (said.order_id, Order.objects.count()) == (None, 0)
    assert Verdict.objects.get().is_allowed is False
    assert AuditEvent.objects.filter(verb="order.refused").count() == 1
    assert BotTarget.objects.filter(target_amount__gt=0).count() == 0


def test_a_sale_above_the_holding_is_refused(desk, venue, bot) -> None:
    said = place(desk, bot, side="sell")
    assert [r["code"] for r in said.refusals] == ["REDUCE_EXCEEDS_POSITION"]


def test_an_entry_on_real_money_waits_for_a_second_person(desk, venue, bot, monkeypatch) -> None:
    monkeypatch.setattr(placing, "REAL_MONEY", {"paper"})
    with pytest.raises(RequiresChangeRequest):
        place(desk, bot)
    assert (Order.objects.count(), Verdict.objects.count()) == (0, 0)


def test_closing_cancels_the_stop_first_and_stays_closed(desk, venue, bot) -> None:
    place(desk, bot)
    work(desk)
    instrument = desk.instruments[0].id
    said = close_position(
        actor=ANNA, bot_id=bot.id, instrument_id=instrument, reason="enough", dry_run=True
    )
    assert said.proposal["amount"] == "2"
    close_position(actor=ANNA, bot_id=bot.id, instrument_id=instrument, reason="enough")
    work(desk)
    told = Order.objects.order_by("id").values_list("purpose", "status")
    assert list(told) == [("entry", "filled"), ("protect", "canceled"), ("reduce", "filled")]
    assert Position.objects.get().amount == 0
    with pytest.raises(Conflict, match="NOTHING_TO_CLOSE"):
        close_position(actor=ANNA, bot_id=bot.id, instrument_id=instrument, reason="again")


def test_an_exit_that_fails_brings_the_stop_back(desk, venue, bot) -> None:
    place(desk, bot)
    work(desk)
    refused = iter([True])
    venue.on_create = lambda ticket: setattr(
        venue, "fault", "refused" if ticket.type == "market" and next(refused, False) else ""
    )
    close_position(actor=ANNA, bot_id=bot.id, instrument_id=desk.instruments[0].id, reason="enough")
    work(desk, 2)
    told = Order.objects.order_by("id").values_list("purpose", "status")
    assert list(told) == [
        ("entry", "filled"), ("protect", "canceled"), ("reduce", "rejected"), ("protect", "open"),
    ]  # fmt: skip
    # nothing was sold, so the bot still is meant to hold it
    assert BotTarget.objects.get().target_amount == 2


def test_an_order_good_till_a_date_ends_as_expired(desk, venue, bot) -> None:
    until = desk.at + timedelta(seconds=30)
    place(desk, bot, type="limit", price=D(99), time_in_force="GTD", expires_at=until)
    work(desk)
    assert Order.objects.get().status == "open"
    desk.wait(30)
    work(desk)
    found = Order.objects.get()
    assert (found.status, found.status_reason) == ("expired", "TIME_OVER")
    assert found.events.last().after == "expired"
    assert BotTarget.objects.get().target_amount == 0


def test_an_amendment_is_a_new_row_for_what_is_left(desk, venue, bot) -> None:
    first = place(desk, bot, type="limit", price=D(99))
    work(desk)
    venue.fill(Order.objects.get().client_order_id, D("0.5"))
    Order.objects.update(asked_at=None)
    told = venue.orders[Order.objects.get().client_order_id]
    store_facts(account_id=desk.account.id, source="stream", orders=[told])
    work(desk)
    with pytest.raises(InvalidInput, match="AMOUNT_BELOW_FILLED"):
        amend_order(
            actor=ANNA, order_id=first.order_id, terms=NewTerms(amount=D("0.5")), reason="x"
        )
    made = amend_order(
        actor=ANNA, order_id=first.order_id, terms=NewTerms(price=D(98), amount=D(3)), reason="x"
    )
    new = Order.objects.get(id=made.order_id)
    assert (new.amount, new.price, new.replaced_filled) == (D("2.5"), 98, D("0.5"))
    assert (new.is_amendment, new.replaces_id) == (True, first.order_id)
    with pytest.raises(Conflict, match="AMENDMENT_UNDER_WAY"):
        amend_order(actor=ANNA, order_id=first.order_id, terms=NewTerms(price=D(97)), reason="x")
    work(desk, 2)
    assert Order.objects.get(id=first.order_id).status == "canceled"
    assert Order.objects.get(id=new.id).status == "open"
    assert BotTarget.objects.get().target_amount == 3


def test_a_protective_stop_only_comes_closer(desk, venue, bot) -> None:
    place(desk, bot)
    work(desk)
    stop = Order.objects.get(purpose="protect")
    with pytest.raises(InvalidInput, match="STOP_LOOSENED"):
        amend_order(actor=ANNA, order_id=stop.id, terms=NewTerms(stop_price=D(94)), reason="x")
    amend_order(actor=ANNA, order_id=stop.id, terms=NewTerms(stop_price=D(97)), reason="x")
    work(desk, 2)
    assert Order.objects.get(purpose="protect", status="open").stop_price == 97
    assert Order.objects.get(id=stop.id).status == "canceled"


def test_all_of_a_bot_never_means_its_stops(desk, venue, bot) -> None:
    place(desk, bot)
    place(desk, bot, type="limit", price=D(98), request_id="r2")
    work(desk)
    with pytest.raises(InvalidInput, match="REASON_REQUIRED"):
        cancel_orders(actor=ANNA, reason=" ", bot_id=bot.id)
    ids = cancel_orders(actor=ANNA, reason="enough", bot_id=bot.id)
    work(desk)
    assert [Order.objects.get(id=i).purpose for i in ids] == ["entry"]
    assert Order.objects.get(purpose="protect").status == "open"
    stop = Order.objects.get(purpose="protect")
    cancel_orders(actor=ANNA, reason="by name", order_ids=[stop.id])
    work(desk, 2)
    # what protects a holding comes back
    assert Order.objects.filter(purpose="protect", status="open").exclude(id=stop.id).count() == 1


def test_a_bracket_makes_its_exits_for_what_was_filled(desk, venue, bot) -> None:
    wanted = GroupTerms(
        desk.instruments[0].id, "g1", stop_price=D(97), target_price=D(105),
        entry=terms(desk, type="limit", price=D(100), request_id="g1"),
    )  # fmt: skip
    made = place_group(actor=ANNA, bot_id=bot.id, terms=wanted, reason="try")
    again = place_group(actor=ANNA, bot_id=bot.id, terms=wanted, reason="try")
    assert (again.group_id, again.is_new) == (made.group_id, False)
    work(desk)
    assert Order.objects.count() == 1
    told = venue.fill(Order.objects.get().client_order_id, D("1.5"))
    store_facts(account_id=desk.account.id, source="stream", orders=[told])
    work(desk)
    legs = Order.objects.filter(group_id=made.group_id, purpose="protect").order_by("id")
    assert [(o.type, o.amount, o.stop_price or o.price) for o in legs] == [
        ("stop_market", D("1.5"), 97), ("limit", D("1.5"), 105),
    ]  # fmt: skip
    group = OrderGroup.objects.get()
    assert (group.kind, group.state, group.is_native) == ("bracket", "open", True)
    cancel_group(actor=ANNA, group_id=group.id, reason="simpler")
    work(desk, 3)
    # the terms are gone; the holding keeps the stop of its config
    assert Order.objects.get(purpose="protect", status="open").stop_price == 95
    assert Order.objects.filter(purpose="entry", status="canceled").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stop_price": D(94)}, "STOP_LOOSER_THAN_CONFIG"),
        ({"stop_price": D(101)}, "GROUP_WRONG_SIDE"),
        ({"target_price": D(99)}, "GROUP_WRONG_SIDE"),
        ({"stop_price": D("97.001")}, "PRICE_OFF_TICK"),
        ({"trailing_rate": D("0.2")}, "STOP_LOOSER_THAN_CONFIG"),
        ({"stop_price": D(97), "trailing_rate": D("0.02")}, "GROUP_STOP_TWICE"),
        ({}, "GROUP_EMPTY"),
    ],
)
def test_a_group_that_does_not_fit_is_refused(desk, venue, bot, change, code) -> None:
    place(desk, bot)
    work(desk)
    wanted = GroupTerms(desk.instruments[0].id, "g", **change)
    with pytest.raises(InvalidInput, match=code):
        place_group(actor=ANNA, bot_id=bot.id, terms=wanted, reason="try")
    assert OrderGroup.objects.count() == 0
