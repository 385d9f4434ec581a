"""The whole list of fills, ours beside the venue's, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from apps.core.clock import now, to_ms
from apps.orders.actions.store_facts import store_facts
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import FundingPayment, Position
from apps.reconciliation.actions import walk_fills
from apps.reconciliation.actions.reconcile_history import reconcile_history
from apps.reconciliation.actions.walk_fills import spans
from apps.reconciliation.models import Case, Comparison, HistoryMark, ProfitDay
from apps.venues.domain.reports import FundingReport
from tests.factories import (
    fill_report,
    make_account,
    make_bot,
    make_instrument,
    make_order,
    order_report,
)

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


def days_ago(days: float) -> datetime:
    return now() - timedelta(days=days)


def fill(bot, venue, *, at, side="buy", price="100", amount="1", booked=True, fee="0"):
    """One order of the bot, filled at the venue at `at`; the desk heard of it when `booked`."""
    order = make_order(
        bot, side=side, amount=D(amount), status="submitted", decided_at=at,
        send_by=at + timedelta(minutes=1), submitted_at=at, venue_order_id="",
    )  # fmt: skip
    made = fill_report(order, price=price, at_ms=to_ms(at), fee=D(fee), side=side)
    report = order_report(order, status="closed", fills=(made,))
    venue.orders[order.client_order_id] = report
    heard = report if booked else replace(report, status="open", filled=D(0), fills=())
    store_facts(account_id=bot.account_id, source="stream", orders=[heard])
    absorb(account_id=bot.account_id)
    return order


def trade_for_days(bot, venue, *, days: int) -> None:
    for day in range(days, 0, -1):
        fill(bot, venue, at=days_ago(day), price="100", fee="0.1")
        fill(bot, venue, at=days_ago(day - 0.2), side="sell", price="110", fee="0.1")


def test_equal_histories_are_marked_up_to_the_last_midnight_and_walked_from_there(bot, venue):
    trade_for_days(bot, venue, days=3)
    first = reconcile_history(account_id=bot.account_id)
    assert (first.is_clean, first.compared, first.equal) == (True, 7, 7)
    mark = HistoryMark.objects.get()
    assert mark.through == now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = ProfitDay.objects.all()
    assert sum(day.profit_desk for day in days) == sum(day.profit_venue for day in days) == 30
    assert sum(D(day.fees_venue.get("USDT", "0")) for day in days) == D("0.6")
    again = reconcile_history(account_id=bot.account_id)
    assert again.is_clean
    assert again.compared == 7 - mark.fills
    assert {day.pk: day.profit_venue for day in ProfitDay.objects.all()} == {
        day.pk: day.profit_venue for day in days
    }
    assert Case.objects.count() == 0


def test_a_fill_lost_long_ago_heals_and_its_day_is_right(bot, venue):
    fill(bot, venue, at=days_ago(3))
    fill(bot, venue, at=days_ago(2), booked=False)
    done = reconcile_history(account_id=bot.account_id)
    assert (done.is_clean, done.healed) == (True, 1)
    assert Position.objects.get().amount == 2
    assert [(c.kind, c.state) for c in Case.objects.all()] == [("missing_fill", "healed")]
    assert all(
        day.fills_desk == day.fills_venue == day.fills_equal for day in ProfitDay.objects.all()
    )


def test_another_fee_and_another_price_are_found_and_hold_the_mark_back(bot, venue):
    fill(bot, venue, at=days_ago(4))
    order = fill(bot, venue, at=days_ago(2), fee="0.1")
    dear = fill(bot, venue, at=days_ago(1.5), price="100")
    for name, change in ((order, {"fee": D("0.2")}), (dear, {"price": D(101)})):
        report = venue.orders[name.client_order_id]
        told = replace(report.fills[0], **change)
        venue.orders[name.client_order_id] = replace(report, fills=(told,))
    done = reconcile_history(account_id=bot.account_id)
    assert not done.is_clean
    kinds = set(Case.objects.values_list("kind", "severity"))
    assert kinds == {("fee", "warning"), ("amount", "critical"), ("profit", "warning")}
    assert HistoryMark.objects.get().through.date() == days_ago(2).date()


def test_what_people_resolved_no_longer_holds_the_mark_back(bot, venue):
    fill(bot, venue, at=days_ago(3))
    venue.trade("9")
    venue.hidden_fills[0] = replace(venue.hidden_fills[0], at_ms=to_ms(days_ago(2)))
    assert not reconcile_history(account_id=bot.account_id).is_clean
    assert HistoryMark.objects.get().through < days_ago(2)
    Case.objects.update(state="resolved", closed_at=now())
    assert reconcile_history(account_id=bot.account_id).is_clean
    assert HistoryMark.objects.get().through > days_ago(1)
    assert Case.objects.filter(state="open").count() == 0


def test_stored_profit_that_does_not_follow_from_the_trades_is_a_case_until_mended(bot, venue):
    trade_for_days(bot, venue, days=1)
    Position.objects.update(realised_profit=D(11))
    reconcile_history(account_id=bot.account_id)
    assert [(c.kind, c.state) for c in Case.objects.all()] == [("profit", "open")]
    Position.objects.update(realised_profit=D(10))
    assert reconcile_history(account_id=bot.account_id).is_clean
    assert [(c.kind, c.state) for c in Case.objects.all()] == [("profit", "healed")]


def test_a_venue_that_fails_in_the_middle_leaves_nothing_behind(bot, venue, monkeypatch):
    trade_for_days(bot, venue, days=2)
    venue.reads_fail = True
    assert reconcile_history(account_id=bot.account_id).error.startswith("READ_FAILED")
    assert not HistoryMark.objects.exists()
    assert not ProfitDay.objects.exists()
    assert Comparison.objects.get().kind == "history"


def at(minutes: float):
    return datetime(2026, 1, 1, 23, 50, tzinfo=UTC) + timedelta(minutes=minutes)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_spans_cover_everything_once_and_never_cross_a_midnight(bot, size):
    order = make_order(bot)
    moments = [0, 1, 1, 1, 5, 9, 12, 12, 19]
    fills = [
        fill_report(order, at_ms=to_ms(at(m)), venue_trade_id=str(n)) for n, m in enumerate(moments)
    ]
    pages = [fills[i : i + size] for i in range(0, len(fills), size)]
    found = list(spans(pages=pages, since=at(0), until=at(20)))
    assert [f.venue_trade_id for _, rows in found for f in rows] == [
        f.venue_trade_id for f in fills
    ]
    bounds = [span for span, _ in found]
    assert (bounds[0][0], bounds[-1][1]) == (at(0), at(20))
    assert all(end == start for (_, end), (start, _) in pairwise(bounds))
    for (start, end), rows in found:
        assert start.date() == (end - timedelta(milliseconds=1)).date()
        assert all(to_ms(start) <= row.at_ms < to_ms(end) for row in rows)


def test_parts_of_the_venues_list_may_split_a_moment(bot, venue):
    moment = days_ago(1)
    for _ in range(5):
        fill(bot, venue, at=moment)
    whole = venue.fills

    async def in_parts(symbol, since_ms=None, venue_order_id=None):
        found = await whole(symbol, since_ms, venue_order_id)
        seen = in_parts.seen
        in_parts.seen += 2
        return found[: seen + 2]

    in_parts.seen = 0
    venue.fills = in_parts
    pages = walk_fills.venue_pages(gateway=venue, symbol="BTC/USDT", since=days_ago(2))
    assert sum(len(page) for page in pages) == 5


def test_funding_that_was_not_heard_is_booked_and_another_amount_is_a_case(venue, monkeypatch):
    account = make_account(venue="binanceusdm")
    instrument = make_instrument(
        symbol="BTC/USDT", venue="binanceusdm", kind="linear", settle="USDT"
    )
    bot = make_bot(account=account, instruments=[instrument])
    fill(bot, venue, at=days_ago(2))
    paid = [
        FundingReport("BTC/USDT", name, "USDT", D(amount), to_ms(days_ago(age)))
        for name, amount, age in (("f1", "-1", 1), ("f2", "-2", 0.5), ("f3", "-3", 0.001))
    ]

    async def funding(symbol, since_ms=None):
        return paid

    venue.funding = funding
    FundingPayment.objects.create(
        account=account, instrument=instrument, venue_id="f1", asset="USDT", amount=D(-9),
        at=days_ago(1), recorded_at=now(),
    )  # fmt: skip
    done = reconcile_history(account_id=account.id)
    assert (done.is_clean, done.healed) == (False, 1)
    found = {(c.subject.split()[-1], c.kind, c.state) for c in Case.objects.all()}
    assert found == {("f1", "funding", "open"), ("f2", "funding", "healed")}
    assert dict(FundingPayment.objects.values_list("venue_id", "amount")) == {"f1": -9, "f2": -2}
