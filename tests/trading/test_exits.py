"""Targets beside stops, unfilled orders, failing exits: who owns what is left, and who lets go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.bots.models import Bot, BotTarget
from apps.core.clock import now
from apps.marketdata.actions.advance_clock import advance_clock
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.exits import exit_flags, pairing
from apps.orders.models import Order, OrderGroup, OrderQuality
from apps.portfolio.models import Position
from apps.risk.models import Restriction
from apps.trading.actions.run_account import run_account
from apps.venues.domain import capabilities
from tests.factories import make_quote
from tests.fakes.venue import FakeVenue
from tests.trading.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)
UP = [100.0, 100, 100, 100, 110]
HELD = Decimal("9.0909")


def enter(desk: Desk, venue: FakeVenue, **content: object) -> Bot:
    venue.price = Decimal(110)
    bot = desk.bot(**content)
    desk.history(UP)
    run_account(account_id=desk.account.id)
    return bot


def legs() -> list[tuple[str, str, str]]:
    found = Order.objects.filter(purpose="protect").order_by("id")
    return list(found.values_list("type", "status", "amount"))


def hear(desk: Desk, venue: FakeVenue, name: str, amount: Decimal | None = None) -> None:
    """The venue fills a leg and says so, of the other leg too."""
    told = [venue.fill(name, amount)]
    if name in venue.tied:
        told.append(venue.orders[venue.tied[name]])
    store_facts(account_id=desk.account.id, source="stream", orders=told)


def test_a_take_profit_stands_beside_the_stop_as_one_native_group(
    desk: Desk, venue: FakeVenue
) -> None:
    enter(desk, venue, protection={"stop_loss": "0.05", "take_profit": "0.1"})
    stop, target = Order.objects.filter(purpose="protect").order_by("id")
    group = OrderGroup.objects.get()
    assert (stop.type, stop.stop_price, stop.amount) == ("stop_market", Decimal("104.50"), HELD)
    assert (target.type, target.price, target.amount) == ("limit", Decimal("121.00"), HELD)
    assert stop.group == target.group == group
    assert (group.kind, group.side, group.state, group.is_native) == ("oco", "sell", "open", True)


def test_when_the_target_fills_the_other_leg_goes_and_the_group_is_done_once(
    desk: Desk, venue: FakeVenue
) -> None:
    enter(desk, venue, protection={"stop_loss": "0.05", "take_profit": "0.1"})
    venue.price = Decimal(121)
    hear(desk, venue, Order.objects.get(purpose="protect", type="limit").client_order_id)
    run_account(account_id=desk.account.id)
    run_account(account_id=desk.account.id)
    assert legs() == [("stop_market", "canceled", HELD), ("limit", "filled", HELD)]
    assert OrderGroup.objects.get().state == "done"
    assert Position.objects.get().amount == 0
    target = BotTarget.objects.get()
    assert (target.target_amount, target.stopped_out) == (0, True)


def test_a_partly_filled_leg_leaves_both_legs_with_what_is_held(
    desk: Desk, venue: FakeVenue
) -> None:
    enter(desk, venue, protection={"stop_loss": "0.05", "take_profit": "0.1"})
    venue.price = Decimal(121)
    hear(desk, venue, Order.objects.get(type="limit").client_order_id, Decimal(4))
    for _ in range(3):
        run_account(account_id=desk.account.id)
    assert Position.objects.get().amount == Decimal("5.0909")
    resting = Order.objects.filter(purpose="protect", status__in=["open", "partially_filled"])
    assert {(o.type, o.amount - o.filled) for o in resting} == {
        ("stop_market", Decimal("5.0909")), ("limit", Decimal("5.0909")),
    }  # fmt: skip
    assert OrderGroup.objects.get().state == "open"


def test_where_the_venue_has_no_pairs_the_desk_watches_the_target(
    desk: Desk, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trailing stop is no leg of a list, so its target is watched."""
    enter(
        desk,
        venue,
        protection={"stop_loss": "0.05", "take_profit": "0.1", "trailing_stop": "0.02"},
    )
    assert [leg[:2] for leg in legs()] == [("trailing_stop_market", "open")]
    assert Order.objects.get(purpose="protect").trailing_rate == Decimal("0.02")
    make_quote(desk.instruments[0], last=Decimal("120.99"), at=desk.at)
    run_account(account_id=desk.account.id)
    assert Order.objects.count() == 2
    venue.price = Decimal(121)
    make_quote(desk.instruments[0], last=Decimal(121), at=desk.at)
    run_account(account_id=desk.account.id)
    assert legs() == [("trailing_stop_market", "canceled", HELD)]
    leave = Order.objects.get(purpose="reduce")
    assert (leave.status, leave.filled, leave.worst_price) == ("filled", HELD, Decimal("117.37"))
    assert BotTarget.objects.get().stopped_out


def test_an_unfilled_entry_is_cancelled_when_its_time_is_over(desk: Desk, venue: FakeVenue) -> None:
    sizing = {"mode": "fixed_cost", "cost": "1000", "order_type": "limit"}
    enter(desk, venue, sizing=sizing, execution={"unfilled_timeout_seconds": "60"})
    entry = Order.objects.get()
    assert (entry.status, entry.tend_at) == ("open", desk.at + timedelta(seconds=60))
    desk.wait(59)
    run_account(account_id=desk.account.id)
    entry.refresh_from_db()
    assert entry.status == "open"
    desk.wait(60)
    run_account(account_id=desk.account.id)
    entry.refresh_from_db()
    assert (entry.status, entry.status_reason) == ("canceled", "UNFILLED")
    assert OrderQuality.objects.get().fill_ratio == 0


def test_an_unfilled_exit_is_priced_anew_and_then_sold_at_market(
    desk: Desk, venue: FakeVenue
) -> None:
    execution = {"exit_order_type": "limit", "unfilled_timeout_seconds": "60", "exit_reprices": "1"}
    enter(desk, venue, execution=execution)
    for close in (108.0, 100.0):
        desk.step(close)
        run_account(account_id=desk.account.id)
    venue.price = Decimal(99)
    for seconds in (60, 120):
        make_quote(desk.instruments[0], last=Decimal(99), at=desk.at)
        desk.wait(seconds)
        for _ in range(2):
            run_account(account_id=desk.account.id)
    exits = Order.objects.filter(purpose="reduce").order_by("id")
    told = [(o.type, o.price, o.status, o.origin) for o in exits]
    assert told == [
        ("limit", Decimal(100), "canceled", "cycle"), ("limit", Decimal(99), "canceled", "timeout"),
        ("market", None, "filled", "timeout"),
    ]  # fmt: skip
    assert Position.objects.get().amount == 0


def test_exits_that_keep_failing_restrict_the_bot_and_leave_at_any_price(
    desk: Desk, venue: FakeVenue
) -> None:
    bot = enter(desk, venue, execution={"exit_failures": "2"})
    venue.fault = "refused"
    BotTarget.objects.update(target_amount=0)
    for close in (108.0, 100.0, 99.0):
        desk.step(close)
        run_account(account_id=desk.account.id)
    Order.objects.filter(purpose="reduce").update(ended_at=now() - timedelta(seconds=11))
    venue.fault, venue.price = "", Decimal(90)
    run_account(account_id=desk.account.id)
    last = Order.objects.filter(purpose="reduce").order_by("id").last()
    assert (last.origin, last.worst_price, last.status) == ("timeout", None, "filled")
    found = Restriction.objects.get(code="EXIT_FAILING")
    assert (found.scope_id, found.state) == (str(bot.id), "reducing")
    advance_clock(to=desk.at)


@pytest.mark.parametrize("is_hedge", [False, True])
def test_a_pairing_follows_the_capability_row(is_hedge: bool) -> None:
    spot, linear = (capabilities.CAPABILITIES[key] for key in (("binance", "spot"), ("binanceusdm", "linear")))  # fmt: skip
    assert pairing(row=spot, has_target=True, is_trailing=False) == "native"
    assert pairing(row=spot, has_target=True, is_trailing=True) == "watched"
    assert pairing(row=linear, has_target=True, is_trailing=True) == "separate"
    assert pairing(row=linear, has_target=False, is_trailing=False) == "none"
    mode = "hedge" if is_hedge else "one_way"
    assert exit_flags(kind="linear", position_mode=mode, side="sell") == (
        (False, "long") if is_hedge else (True, "")
    )
