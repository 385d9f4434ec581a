"""Facts become fills, order progress, positions and ledger: once, in whatever order they come."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.bots.models import BotTarget
from apps.core.clock import now, to_ms
from apps.orders.actions.create_orders import create_orders
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Fill, Order, OrderEvent, VenueFact
from apps.portfolio.actions import absorb as absorbing
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import Balance, DailyResult, JournalLine, Position, RoundTrip
from tests.factories import (
    fill_report,
    make_bot,
    make_draft,
    make_instrument,
    make_order,
    make_target,
    order_report,
)

pytestmark = pytest.mark.django_db
NOW_MS = to_ms(now())


def closed(order, *fills, **values):
    return order_report(order, status="closed", fills=fills, **values)


def tell(order, *reports, fills=()):
    store_facts(account_id=order.account_id, source="stream", orders=reports, fills=fills)
    return absorb(account_id=order.account_id)


@pytest.fixture
def bot():
    return make_bot(instruments=[make_instrument(symbol="BTC/USDT")])


def test_a_filled_buy_gives_fill_position_and_ledger(bot):
    order = make_order(bot, status="submitted", amount=Decimal(2))
    fill = fill_report(order, price="100", fee=Decimal("0.002"), fee_asset="BTC")
    summary = tell(order, closed(order, fill))

    order.refresh_from_db()
    assert (order.status, order.filled, order.cost) == ("filled", 2, 200)
    assert order.acknowledged_at
    assert order.ended_at
    assert summary.fills == 1
    assert summary.ended == {order.id}
    assert summary.touched == {(bot.id, order.instrument_id)}
    position = Position.objects.get()
    assert position.amount == Decimal("1.998")
    assert position.basis == Decimal("199.8")
    assert position.fees == Decimal("0.2")
    assert {b.asset: b.amount for b in Balance.objects.all()} == {
        "BTC": Decimal("1.998"),
        "USDT": Decimal(-200),
    }
    assert [e.after for e in OrderEvent.objects.filter(order=order)] == ["filled"]


def test_the_same_news_twice_changes_nothing_more(bot):
    order = make_order(bot, status="submitted")
    report = closed(order, fill_report(order))
    tell(order, report)
    summary = tell(order, report)
    assert (summary.facts, summary.fills) == (0, 0)
    assert Fill.objects.count() == 1


def test_the_same_trade_told_with_other_words_is_one_fill(bot):
    order = make_order(bot, status="submitted")
    fill = fill_report(order)
    tell(order, fills=[fill])
    other = fill_report(order, venue_trade_id=fill.venue_trade_id, liquidity="maker")
    tell(order, closed(order, other))
    assert VenueFact.objects.filter(kind="fill").count() == 2
    assert Fill.objects.count() == 1
    assert Position.objects.get().amount == 1


def test_an_order_ends_only_when_its_fills_add_up(bot):
    order = make_order(bot, status="submitted")
    fill = fill_report(order)
    tell(order, order_report(order, status="closed", filled=Decimal(1)))
    order.refresh_from_db()
    assert (order.status, order.venue_filled, order.filled) == ("open", 1, 0)
    tell(order, fills=[fill])
    order.refresh_from_db()
    assert order.status == "filled"


def test_a_fill_without_our_id_waits_until_the_venue_id_is_known(bot):
    order = make_order(bot, status="submitted")
    fill = fill_report(order, client_order_id="")
    assert tell(order, fills=[fill]).waiting == 1
    assert not Fill.objects.exists()
    summary = tell(order, order_report(order))
    assert (summary.waiting, summary.fills) == (0, 1)


def test_a_foreign_fill_is_left_for_reconciliation(bot):
    order = make_order(bot, status="open", venue_order_id="v1")
    fill = fill_report(order, client_order_id="by-hand", venue_order_id="v9")
    summary = tell(order, fills=[fill])
    assert summary.foreign == 1
    assert VenueFact.objects.get().result == "foreign"
    assert not Fill.objects.exists()
    assert not JournalLine.objects.exists()


def test_an_overfill_is_recorded_and_flagged(bot):
    order = make_order(bot, status="submitted")
    summary = tell(order, fills=[fill_report(order, amount="1.5")])
    order.refresh_from_db()
    assert (order.status, order.filled) == ("filled", Decimal("1.5"))
    assert summary.flagged == {order.id}
    assert VenueFact.objects.get().result == "overfill"
    assert Position.objects.get().amount == Decimal("1.5")


def test_a_fill_overtakes_a_cancel(bot):
    order = make_order(bot, status="pending_cancel", venue_order_id="v1")
    tell(order, closed(order, fill_report(order)))
    order.refresh_from_db()
    assert order.status == "filled"


def test_an_order_our_restored_books_never_sent_is_taken_as_sent(bot):
    order = make_order(bot)
    tell(order, order_report(order))
    order.refresh_from_db()
    assert (order.status, order.fence) == ("open", 1)
    assert [e.after for e in order.events.all()] == ["submitted", "open"]


def test_buying_and_selling_makes_a_round_trip(bot):
    buy = make_order(bot, status="submitted")
    tell(buy, closed(buy, fill_report(buy, price="100", at_ms=NOW_MS)))
    sell = make_order(bot, status="submitted", side="sell", purpose="reduce")
    fill = fill_report(sell, price="110", fee=Decimal("0.11"), at_ms=NOW_MS + 60_000)
    tell(sell, closed(sell, fill))
    trip = RoundTrip.objects.get()
    assert (trip.profit, trip.fees) == (Decimal("9.89"), Decimal("0.11"))
    assert (trip.entry_cost, trip.exit_cost, trip.stage) == (100, 110, "paper")
    position = Position.objects.get()
    assert (position.amount, position.basis, position.opened_at) == (0, 0, None)
    assert sum(d.realised_profit for d in DailyResult.objects.all()) == 10


def test_a_stop_that_fills_ends_the_target(bot):
    instrument = bot.config.instruments.get().instrument
    target = make_target(bot, instrument)
    buy = make_order(bot, status="submitted")
    tell(buy, closed(buy, fill_report(buy, at_ms=NOW_MS)))
    stop = make_order(
        bot, status="open", side="sell", purpose="protect", type="stop_market",
        stop_price=Decimal(90),
    )  # fmt: skip
    tell(stop, closed(stop, fill_report(stop, price="90", at_ms=NOW_MS + 1)))
    found = BotTarget.objects.get(id=target.id)
    assert (found.target_amount, found.stopped_out, found.exposure) == (0, True, 1.0)


def test_any_order_of_arrival_gives_the_same_books():
    def story(seed):
        bot = make_bot(instruments=[make_instrument(symbol="ETH/USDT")])
        facts, names = [], {}
        plan = [("buy", "2", "100"), ("buy", "1", "130"), ("sell", "1.5", "120"), ("sell", "1.5", "90"),
                ("buy", "1", "95"), ("sell", "0.4", "99")]  # fmt: skip
        for number, (side, amount, price) in enumerate(plan):
            order = make_order(bot, status="submitted", side=side, amount=Decimal(amount))
            names[order.id] = number
            half = Decimal(amount) / 2
            fills = [
                fill_report(
                    order, amount=half, price=price, at_ms=NOW_MS + number * 1000,
                    venue_trade_id=f"{number}{part}", fee=Decimal("0.01"),
                )
                for part in range(2)
            ]  # fmt: skip
            facts += [("fill", f) for f in fills]
            facts.append(("order", order_report(order)))
            facts.append(("order", order_report(order, status="closed", filled=2 * half)))
        shuffle = random.Random(seed)
        facts += shuffle.sample(facts, 8)
        if seed:
            shuffle.shuffle(facts)
        for kind, report in facts:
            store_facts(account_id=bot.account_id, source="poll", **{f"{kind}s": [report]})
            if shuffle.random() < 0.5:
                absorb(account_id=bot.account_id)
        absorb(account_id=bot.account_id)
        position = Position.objects.get(bot=bot)
        return (
            {names[o.id]: (o.status, o.filled, o.cost) for o in bot.orders.all()},
            (position.amount, position.basis, position.realised_profit, position.fees),
            (position.opened_at, position.round_trips, position.trip_profit),
            sorted((t.opened_at, t.closed_at, t.profit, t.fees) for t in bot.round_trips.all()),
            sorted((d.day, d.realised_profit, d.fees, d.fills) for d in bot.dailyresult_set.all()),
            sorted((b.asset, b.amount) for b in bot.account.balances.all()),
        )

    expected = story(0)
    assert expected[1][0] == Decimal("0.6")
    assert len(expected[3]) == 1
    for seed in range(1, 6):
        assert story(seed) == expected


def test_the_number_of_statements_does_not_grow_with_the_facts(bot):
    def statements(count):
        orders = [make_order(bot, status="submitted") for _ in range(count)]
        reports = [closed(o, fill_report(o, at_ms=NOW_MS + n * 10)) for n, o in enumerate(orders)]
        store_facts(account_id=bot.account_id, source="answer", orders=reports)
        with CaptureQueriesContext(
            connection,
        ) as context:
            absorb(account_id=bot.account_id)
        return len(context)

    first = statements(1)
    Position.objects.update(last_fill_at=now() - timedelta(days=9))
    assert statements(20) == first
    assert first <= 17


def test_the_same_order_of_the_same_cycle_is_recorded_once():
    draft = make_draft()
    with transaction.atomic():
        first = create_orders(drafts=[draft])
        assert create_orders(drafts=[draft]) == first
    assert Order.objects.count() == 1
    assert OrderEvent.objects.count() == 1


def test_more_facts_than_a_batch_are_all_absorbed(bot, monkeypatch):
    monkeypatch.setattr(absorbing, "BATCH", 3)
    order = make_order(bot, status="submitted", amount=Decimal(10))
    nameless = [fill_report(order, amount=1, client_order_id="") for _ in range(5)]
    assert tell(order, fills=nameless).waiting == 5
    named = [fill_report(order, amount=1, at_ms=NOW_MS + n) for n in range(5)]
    tell(order, fills=named)
    assert tell(order, closed(order, filled=Decimal(10))).waiting == 0
    assert Fill.objects.count() == 10
    order.refresh_from_db()
    assert (order.status, order.filled) == ("filled", 10)


@pytest.mark.django_db(transaction=True)
def test_two_that_absorb_at_once_draw_each_fact_once():
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    orders = [make_order(bot, status="submitted") for _ in range(40)]
    reports = [closed(o, fill_report(o, at_ms=NOW_MS + n)) for n, o in enumerate(orders)]
    store_facts(account_id=bot.account_id, source="answer", orders=reports)
    start, fills = Barrier(3), []

    def run():
        start.wait()
        fills.append(absorb(account_id=bot.account_id).fills)
        connection.close()

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fills) == 40
    assert Position.objects.get().amount == 40
    assert Balance.objects.get(asset="USDT").amount == -4000
