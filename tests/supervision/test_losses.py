"""The daily-loss breaker: trips at the limit, at each scope, once, and stays."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from apps.core.actor import Actor
from apps.marketdata.clock import market_now
from apps.portfolio.models import DailyResult, Position
from apps.risk.actions.lift import lift
from apps.risk.actions.set_limit import set_limit
from apps.risk.models import Restriction
from apps.supervision.actions.watch_losses import watch_losses
from apps.supervision.domain.losses import DayOfBot, breaches, losses
from tests.factories import make_quote

D = Decimal
ACTOR = Actor(kind="person", id="1", name="Rita")


def limit(kind, scope_id, value):
    set_limit(
        actor=ACTOR, scope_kind=kind, scope_id=str(scope_id), name="daily_loss", value=D(value),
        reason="test",
    )  # fmt: skip


def lose(bot, amount, fees="0"):
    DailyResult.objects.create(
        bot=bot, day=market_now().date(), realised_profit=-D(amount), fees=D(fees)
    )


def tripped():
    rows = Restriction.objects.filter(lifted_at=None)
    return {(r.scope_kind, r.scope_id, r.state, r.code) for r in rows}


def test_losses_add_up_to_account_and_desk_and_unknown_results_are_left_out():
    account, one, two = uuid4(), uuid4(), uuid4()
    days = [
        DayOfBot(one, account, D(-30)), DayOfBot(two, account, D(10)), DayOfBot(uuid4(), account, None)
    ]  # fmt: skip
    found = losses(days)
    assert found["desk", ""] == found["account", str(account)] == 20
    assert found["bot", str(one)] == 30
    limits = {("desk", ""): D("20.01"), ("bot", str(one)): D(30), ("bot", str(two)): D(1)}
    assert [b.scope for b in breaches(losses=found, limits=limits)] == [("bot", str(one))]


@pytest.mark.django_db
def test_a_bot_that_reaches_its_limit_is_reducing_and_the_others_are_not(bot, sibling):
    limit("bot", bot.id, 50)
    lose(bot, 48, fees=2)
    lose(sibling, 500)
    watch_losses()
    assert tripped() == {("bot", str(bot.id), "reducing", "DAILY_LOSS")}


@pytest.mark.django_db
def test_just_below_the_limit_nothing_happens(bot, django_assert_num_queries):
    limit("bot", bot.id, 50)
    lose(bot, "49.99")
    with django_assert_num_queries(3):
        assert watch_losses() == []


@pytest.mark.django_db
def test_open_positions_count_at_their_mark(bot, instrument):
    limit("account", bot.account_id, 50)
    Position.objects.create(
        account_id=bot.account_id, bot=bot, instrument=instrument, amount=D(1), basis=D(151),
        updated_at=market_now(),
    )  # fmt: skip
    assert watch_losses() == []
    make_quote(instrument, last=D(101))
    assert [r.reason for r in watch_losses()] == ["lost 50 today, limit 50"]
    assert tripped() == {("account", str(bot.account_id), "reducing", "DAILY_LOSS")}


@pytest.mark.django_db
def test_the_desk_s_limit_and_the_paper_default_trip_too(bot, sibling):
    lose(bot, 3000)
    lose(sibling, 1999)
    assert watch_losses() == []
    DailyResult.objects.filter(bot=sibling).update(fees=D(1))
    watch_losses()
    assert tripped() == {("account", str(bot.account_id), "reducing", "DAILY_LOSS")}
    limit("desk", "", 100)
    watch_losses()
    assert ("desk", "", "reducing", "DAILY_LOSS") in tripped()


@pytest.mark.django_db
def test_the_breaker_is_latched_and_trips_once(bot):
    limit("bot", bot.id, 50)
    lose(bot, 60)
    [first] = watch_losses()
    assert watch_losses() == []
    DailyResult.objects.all().delete()
    assert watch_losses() == []
    assert tripped()
    lift(actor=ACTOR, restriction_id=first.id, reason="looked at it")
    assert not tripped()
