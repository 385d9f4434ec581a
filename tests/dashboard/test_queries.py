"""Composed reads cost a fixed number of statements, and the figures in them are right."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.http import QueryDict

from apps.dashboard.queries.bot import read_bot
from apps.dashboard.queries.chart import read_chart
from apps.dashboard.queries.effects import bots_in, effects_of
from apps.dashboard.queries.fleet import read_fleet
from apps.dashboard.queries.frame import read_frame
from apps.dashboard.queries.order import read_order
from apps.dashboard.queries.orders import fills, orders, read_orders_live
from apps.dashboard.queries.pages import page_of
from apps.dashboard.queries.positions import read_positions
from apps.dashboard.queries.risk import read_limits, read_restrictions
from apps.orders.models import Order
from apps.portfolio.models import Position
from tests.dashboard.conftest import trading_bot
from tests.factories import make_order, make_quote

pytestmark = pytest.mark.django_db
COUNTS = [
    (read_frame, 1), (read_fleet, 13), (read_positions, 2), (read_limits, 6), (read_restrictions, 2),
    (read_orders_live, 1), (lambda: page_of(orders(QueryDict()), QueryDict()), 1),
    (lambda: page_of(fills(QueryDict()), QueryDict()), 1),
    (lambda: effects_of(bots_in(scope_kind="desk", scope_id="")), 4),
]  # fmt: skip
NAMES = [
    "frame",
    "fleet",
    "positions",
    "limits",
    "restrictions",
    "orders-live",
    "orders",
    "fills",
    "effects",
]


@pytest.mark.parametrize("bots", [1, 3])
@pytest.mark.parametrize(("read", "statements"), COUNTS, ids=NAMES)
def test_reads_cost_the_same_for_one_bot_and_for_three(
    read, statements, bots, django_assert_num_queries
) -> None:
    for _ in range(bots):
        trading_bot()
    with django_assert_num_queries(statements):
        read()


@pytest.mark.parametrize("instruments", [1, 3])
def test_a_bot_costs_the_same_for_one_order_and_for_three(
    instruments, django_assert_num_queries
) -> None:
    bot = trading_bot()
    for _ in range(instruments):
        make_order(bot, status="open")
    with django_assert_num_queries(9):
        read_bot(bot.slug)


def test_the_fleet_shows_exposure_profit_and_orders_of_a_bot() -> None:
    bot = trading_bot()
    values = read_fleet().live.values
    key = f"bot.{bot.slug}"
    assert values[f"{key}.exposure"]["t"] == "220 / 1,000"
    # realised 7 less 1 of fees, and 20 open
    assert values[f"{key}.total"] == {"t": "▲\u00a0+26.00", "tone": "up"}
    # today 4 less 1, and 20 open
    assert values[f"{key}.today"] == {"t": "▲\u00a0+23.00", "tone": "up"}
    assert values[f"{key}.orders"]["t"] == "1"
    assert values["stage.paper.equity"]["t"] == "5,000.00"
    assert "stage.testnet.equity" not in values


def test_a_holding_without_a_price_is_unknown_and_never_zero() -> None:
    bot = trading_bot()
    bot.config.instruments.get().instrument.latest.delete()
    values = read_fleet().live.values
    assert values[f"bot.{bot.slug}.exposure"]["t"].startswith("?")
    assert values[f"bot.{bot.slug}.total"]["t"] == "–"


def test_problems_come_first() -> None:
    trading_bot(slug="a-runs")
    trading_bot(slug="b-paused", state="paused")
    trading_bot(slug="c-failed", state="failed")
    make_order(trading_bot(slug="d-unknown"), status="unknown")
    assert [row["slug"] for row in read_fleet().rows] == [
        "c-failed",
        "d-unknown",
        "b-paused",
        "a-runs",
    ]


def test_a_moved_price_changes_values_and_no_region() -> None:
    bot = trading_bot()
    before = read_fleet().live
    make_quote(bot.config.instruments.get().instrument, last=120)
    after = read_fleet().live
    assert after.versions == before.versions
    assert after.values[f"bot.{bot.slug}.total"] != before.values[f"bot.{bot.slug}.total"]


def test_the_chart_draws_entry_stop_and_says_it_in_words() -> None:
    bot = trading_bot()
    instrument = bot.config.instruments.get().instrument
    chart = read_chart(bot_id=bot.pk, instrument=instrument, timeframe="1h")
    assert [(line["title"], line["price"]) for line in chart["lines"]] == [
        ("entry", 100.0),
        ("stop", 95.0),
    ]
    assert [(line["glyph"], line["words"]) for line in chart["lines"]] == [
        ("●", "entry 100.00"),
        ("◆", "stop 95.00"),
    ]
    assert (
        chart["summary"]
        == "BTC/USDT 1h: position 2.00000 BTC from 100.00; stop 95.00; 1 open order"
    )


def test_an_order_tells_its_story() -> None:
    bot = trading_bot()
    order = Order.objects.get(bot=bot, status="filled")
    story = read_order(order.client_order_id)
    assert story.order.verdict.is_allowed
    assert [fill.cost for fill in story.fills] == [Decimal(200)]


def test_effects_count_orders_stops_and_positions_apart() -> None:
    bot = trading_bot()
    make_order(bot, status="open")
    found = effects_of(bots_in(scope_kind="bot", scope_id=str(bot.pk)))
    assert (found.bots, found.orders, found.stops, found.positions) == ((bot.slug,), 1, 1, 1)
    assert found.values == (("paper", "USDT", Decimal(220)),)
    Position.objects.filter(bot=bot).update(amount=0)
    assert effects_of(bots_in(scope_kind="bot", scope_id=str(bot.pk))).positions == 0
