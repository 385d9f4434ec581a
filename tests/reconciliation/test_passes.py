"""Passes over real books, with an exchange that others may use too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings

from apps.core.clock import now
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.client_ids import client_order_id
from apps.orders.models import Fill, Order
from apps.portfolio.models import Balance, JournalLine, Position
from apps.reconciliation.models import Case, Comparison
from apps.risk.models import Restriction
from tests.factories import make_draft
from tests.reconciliation.passes import balances_of, cases, limit, orders_of, restrictions, trade

pytestmark = pytest.mark.django_db(transaction=True)


def test_equal_books_are_clean(bot, venue):
    balances_of(bot)
    trade(bot)
    limit(bot)
    done = orders_of(bot)
    assert (done.is_clean, done.opened, done.healed, done.error) == (True, 0, 0, "")
    assert done.compared == done.equal == 3
    assert balances_of(bot).is_clean
    assert cases() == []


def test_the_first_pass_posts_the_opening_and_later_ones_compare(bot, venue):
    assert balances_of(bot).is_clean
    assert Balance.objects.get().amount == 10000
    venue.holdings["USDT"] += 5
    done = balances_of(bot)
    assert (done.is_clean, done.opened) == (False, 1)
    assert cases() == [("balance", "open")]
    assert restrictions() == {"NOT_RECONCILED"}
    assert Balance.objects.get().amount == 10000
    venue.holdings["USDT"] -= 5
    assert balances_of(bot).is_clean
    assert cases() == [("balance", "healed")]


def test_a_fill_that_no_stream_told_heals_itself(bot, venue):
    order = limit(bot)
    venue.fill(order.client_order_id)
    done = orders_of(bot)
    assert done.healed >= 1
    assert Order.objects.get(id=order.id).status == "filled"
    assert Position.objects.get().amount == 1
    assert Fill.objects.count() == 1
    assert orders_of(bot).healed == 0


def test_an_opening_posted_after_the_first_fills_leaves_them_out(bot, venue):
    trade(bot)
    order = limit(bot)
    venue.fill(order.client_order_id)
    assert balances_of(bot).is_clean
    amounts = dict(Balance.objects.values_list("asset", "amount"))
    assert amounts == {"BTC": 2, "USDT": 9800}
    opening = JournalLine.objects.filter(entry__kind="opening", book="venue")
    assert [(line.asset, line.amount) for line in opening] == [("USDT", 10000)]
    venue.holdings["USDT"] += 1
    assert not balances_of(bot).is_clean


def test_a_fill_that_no_stream_told_is_healed_before_balances_are_called_different(bot, venue):
    balances_of(bot)
    order = limit(bot)
    venue.fill(order.client_order_id)
    assert balances_of(bot).is_clean
    assert Position.objects.get().amount == 1
    assert (cases(), restrictions()) == ([], set())


def test_a_fill_that_is_late_leaves_a_healed_case(bot, venue):
    order = limit(bot)
    report = venue.fill(order.client_order_id)
    old = replace(report.fills[0], at_ms=report.at_ms - 20_000)
    venue.orders[order.client_order_id] = replace(report, fills=(old,))
    orders_of(bot)
    assert ("missing_fill", "healed") in cases()
    assert Position.objects.get().amount == 1


def test_an_order_that_ended_unheard_heals_itself(bot, venue):
    order = limit(bot)
    venue.orders[order.client_order_id] = replace(
        venue.orders[order.client_order_id], status="expired"
    )
    assert orders_of(bot).healed == 1
    assert Order.objects.get(id=order.id).status == "expired"
    assert cases() == []


def test_a_cancel_that_nobody_here_asked_for_is_foreign(bot, venue):
    order = limit(bot)
    venue.orders[order.client_order_id] = replace(
        venue.orders[order.client_order_id], status="canceled"
    )
    done = orders_of(bot)
    assert (done.healed, done.is_clean) == (1, False)
    assert Order.objects.get(id=order.id).status == "canceled"
    assert cases() == [("foreign_cancel", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    Case.objects.update(state="resolved", closed_at=now())
    assert orders_of(bot).is_clean


def test_an_order_that_the_venue_forgot_is_a_case(bot, venue):
    order = limit(bot)
    del venue.orders[order.client_order_id]
    done = orders_of(bot)
    assert not done.is_clean
    assert cases() == [("status", "open")]
    assert Order.objects.get(id=order.id).status == "open"


def test_a_foreign_order_opens_one_case_and_sets_the_account_reducing(bot, venue):
    venue.place("web_123")
    for _ in range(3):
        orders_of(bot)
    assert cases() == [("foreign_order", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    assert Restriction.objects.get().state == "reducing"
    assert ("cancel", "web_123") not in venue.calls
    del venue.orders["web_123"]
    orders_of(bot)
    assert cases() == [("foreign_order", "healed")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}


def test_a_foreign_fill_stays_open_until_a_person_resolves_it(bot, venue):
    venue.trade("1")
    orders_of(bot)
    orders_of(bot)
    assert cases() == [("foreign_fill", "open")]
    assert restrictions() == {"FOREIGN_ACTIVITY"}
    Case.objects.update(state="resolved", closed_at=now())
    done = orders_of(bot)
    assert done.is_clean
    assert cases() == [("foreign_fill", "resolved")]


def test_our_own_order_without_a_row_is_an_unknown_order_not_a_foreign_one(bot, venue):
    name = client_order_id(draft=make_draft(bot), key=settings.DESK_MARK_KEY)
    venue.place(name)
    orders_of(bot)
    assert cases() == [("unknown_order", "open")]
    assert restrictions() == {"NOT_RECONCILED"}


def test_a_difference_that_is_gone_at_the_second_look_is_no_case(bot, venue, monkeypatch):
    order = limit(bot)
    shown = venue.orders.pop(order.client_order_id)
    ask = venue.order

    async def once(symbol, name):
        answer = await ask(symbol, name)
        venue.orders[name] = shown
        return answer

    monkeypatch.setattr(venue, "order", once)
    assert orders_of(bot).is_clean
    assert cases() == []


def test_a_fill_of_an_order_in_transit_is_not_foreign(bot, venue):
    venue.fault = "silent"
    trade(bot)
    venue.reads_fail = False
    done = orders_of(bot)
    assert cases() == []
    assert "FOREIGN_ACTIVITY" not in restrictions()
    assert not done.error


def test_a_venue_that_cannot_be_read_proves_nothing(bot, venue):
    limit(bot)
    venue.reads_fail = True
    assert orders_of(bot).error.startswith("READ_FAILED")
    assert balances_of(bot).error.startswith("READ_FAILED")
    assert not Comparison.objects.filter(is_clean=True).exists()
    assert cases() == []


def test_facts_in_flight_are_absorbed_before_anything_is_called_a_difference(bot, venue):
    order = limit(bot)
    report = venue.fill(order.client_order_id)
    store_facts(account_id=bot.account_id, source="stream", orders=[report])
    done = orders_of(bot)
    assert (done.is_clean, done.healed) == (True, 0)
