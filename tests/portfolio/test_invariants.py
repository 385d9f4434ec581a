"""The invariants hold after a full story, and each planted break is found by its query."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from apps.bots import invariants as of_decisions
from apps.bots.models import Cycle
from apps.core.clock import now, to_ms
from apps.core.ids import new_id
from apps.orders import invariants as of_orders
from apps.orders.models import Order, OrderEvent, VenueFact, WireCall
from apps.portfolio import invariants as of_books
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.models import (
    Balance,
    DailyResult,
    JournalEntry,
    JournalLine,
    Position,
    RoundTrip,
)
from apps.risk.models import Restriction
from tests.factories import make_bot, make_fill, make_instrument, make_order, make_verdict
from tests.factories.ledger import open_ledger
from tests.portfolio.stories import bought_and_sold

pytestmark = pytest.mark.django_db
ALL = of_orders.INVARIANTS | of_books.INVARIANTS | of_decisions.INVARIANTS


def broken() -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        for name, (_, statement) in ALL.items():
            cursor.execute(statement)
            if cursor.fetchall():
                found.add(name)
    return found


@pytest.fixture
def bot():
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    open_ledger(account_id=bot.account_id, balances={"USDT": Decimal(1000)})
    bought_and_sold(bot)
    return bot


def test_a_full_story_breaks_none(bot):
    assert RoundTrip.objects.count() == 1
    assert broken() == set()


def step(*, before="open", after="open", **detail):
    order = Order.objects.filter(status="filled").first()
    OrderEvent.objects.create(
        order=order, at=now(), before=before, after=after, cause="planted", detail=detail
    )
    # the story's own last step stays the last
    OrderEvent.objects.create(order=order, at=now(), before=after, after="filled", cause="planted")


def wire(bot, *, at):
    WireCall.objects.create(
        account=bot.account, order=Order.objects.first(), verb="create", method="POST", url="/",
        at=at, duration_ms=1,
    )  # fmt: skip


def rewritten(**values):
    # a row that differs from what its id hashes, as after a rewrite past the frozen terms
    order = Order.objects.filter(side="buy").first()
    Order.objects.create(
        **{f.attname: getattr(order, f.attname) for f in Order._meta.fields}
        | {"id": new_id(), "client_order_id": order.client_order_id[:20] + "f" * 12}
        | {"verdict_id": make_verdict(order.bot).id, "venue_order_id": "x"}
        | values
    )


def doubt(bot, *, since):
    order = make_order(bot, status="unknown", fence=1, submitted_at=since)
    for before, after in (("created", "submitted"), ("submitted", "unknown")):
        OrderEvent.objects.create(
            order=order, at=since, before=before, after=after, cause="planted"
        )


BREAKS = {
    "I1_intent_before_wire": lambda bot: Order.objects.update(submitted_at=None),
    "I1_fills_have_sent_orders": lambda bot: make_fill(make_order(bot)),
    "I1_wire_after_claim": lambda bot: wire(bot, at=now() - timedelta(hours=1)),
    "I2_one_exposure_per_order": lambda bot: step(before="created", after="submitted"),
    "I4_bounded_doubt": lambda bot: doubt(bot, since=now() - timedelta(seconds=100)),
    "I8_fences_rise": lambda bot: (step(fence=2), step(fence=1)),
    "I17_rows_are_their_ids": lambda bot: rewritten(amount=Decimal(3)),
    "I7_progress_is_its_fills": lambda bot: Order.objects.update(filled=Decimal("0.5")),
    "I7_end_agrees_with_venue": lambda bot: Order.objects.update(venue_filled=3),
    "I7_no_overfill": lambda bot: Order.objects.update(filled=3),
    "orders_have_allowing_verdicts": lambda bot: make_order(
        bot, verdict=make_verdict(bot, is_allowed=False)
    ),
    "orders_end_once": lambda bot: Order.objects.update(ended_at=None),
    "fills_belong_to_their_orders": lambda bot: make_fill(
        Order.objects.filter(side="buy").first(), side="sell"
    ),
    "I18_entries_balance": lambda bot: JournalLine.objects.create(
        entry=JournalEntry.objects.first(), account=bot.account, book="fees", asset="X", amount=1
    ),
    "I18_fills_are_posted": lambda bot: make_fill(Order.objects.first()),
    "balances_are_their_lines": lambda bot: Balance.objects.update(amount=7),
    "positions_are_their_fills": lambda bot: Position.objects.update(amount=1),
    "profit_is_its_trips": lambda bot: RoundTrip.objects.update(profit=1),
    "days_are_positions": lambda bot: DailyResult.objects.update(fees=9),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_planted_break_is_found(bot, name):
    BREAKS[name](bot)
    assert name in broken()


def test_two_entries_of_one_cycle_are_found(bot):
    at = now()
    for _ in range(2):
        make_order(bot, cycle_at=at)
    assert "I10_one_effect_per_cycle" in broken()


def test_opening_balances_are_posted_once(bot):
    account = bot.account_id
    before = dict(Balance.objects.values_list("asset", "amount"))
    assert not open_ledger(account_id=account, balances={"USDT": Decimal(5)})
    assert dict(Balance.objects.values_list("asset", "amount")) == before
    assert broken() == set()
    assert absorb(account_id=account).facts == 0
    assert to_ms(JournalEntry.objects.filter(kind="opening").first().at) > 0


def test_an_entry_on_the_wire_long_after_its_account_was_restricted_is_found(bot):
    entry = Order.objects.filter(purpose="entry").first()
    before = now() - timedelta(minutes=2)
    Order.objects.filter(id=entry.id).update(submitted_at=before)

    def sent(at):
        WireCall.objects.create(
            account_id=bot.account_id, order=entry, verb="create", method="POST", url="/order",
            at=at, duration_ms=1.0,
        )  # fmt: skip

    sent(before + timedelta(seconds=5))
    ban = Restriction.objects.create(
        scope_kind="account", scope_id=str(bot.account_id), state="halted", code="HALT",
        reason="planted", set_at=before, set_by="test",
    )  # fmt: skip
    assert "I13_rows_decide" not in broken()
    late = before + timedelta(seconds=30)
    sent(late)
    assert "I13_rows_decide" in broken()
    Restriction.objects.filter(id=ban.id).update(lifted_at=late - timedelta(seconds=1))
    assert "I13_rows_decide" not in broken()


def test_news_that_took_a_fill_away_is_found(bot):
    order = Order.objects.filter(status="filled").first()
    fact = VenueFact.objects.create(
        account_id=bot.account_id, kind="order", source="poll", digest="planted",
        client_order_id=order.client_order_id, venue_order_id=order.venue_order_id,
        content={"filled": str(order.venue_filled + 1)}, received_at=now(),
    )  # fmt: skip
    assert "I19_news_only_adds" not in broken()
    VenueFact.objects.filter(id=fact.id).update(absorbed_at=now(), result="applied")
    assert "I19_news_only_adds" in broken()


def test_two_answers_to_one_question_are_found():
    instrument = make_instrument(symbol="BTC/USDT")
    first = make_bot(instruments=[instrument])
    second = make_bot(instruments=[instrument], account=first.account)
    assert first.config.strategy_version_id == second.config.strategy_version_id

    def decide(bot, exposure):
        Cycle.objects.create(
            bot_id=bot.id, scheduled_for="2026-01-01T00:00Z", config_id=bot.config_id,
            status="done", outcome="HOLD", opened_at=now(), closed_at=now(),
            seen={"BTC/USDT": {"close": "1", "exposure": exposure}},
        )  # fmt: skip

    decide(first, 1.0)
    decide(second, None)
    assert "I20_same_question_same_answer" not in broken()
    Cycle.objects.filter(bot_id=second.id).update(seen={"BTC/USDT": {"exposure": 0.0}})
    assert "I20_same_question_same_answer" in broken()
