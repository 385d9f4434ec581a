"""A short on margin on the positions page, the bot's page and in the API."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.core.clock import now, to_ms
from apps.core.domain.timeframes import open_ms
from apps.dashboard.domain.trailing import trailing_level
from apps.dashboard.queries.chart import read_chart
from apps.dashboard.queries.order import read_order
from apps.marketdata.models import Candle
from apps.orders.models import OrderGroup
from apps.portfolio.models import FundingPayment, FundingShare, Position, VenuePosition
from tests.dashboard.conftest import trading_bot
from tests.dashboard.test_order_page import STATEMENTS
from tests.factories import make_account, make_bot, make_order, make_perpetual, make_quote

pytestmark = pytest.mark.django_db
D = Decimal


def test_a_short_shows_its_side_margin_liquidation_and_funding(as_role) -> None:
    account, perpetual = make_account(venue="binanceusdm"), make_perpetual()
    sizing = {"mode": "fixed_cost", "cost": "100", "leverage": "4", "sides": "both"}
    bot = make_bot(account=account, instruments=[perpetual], config={"sizing": sizing})
    Position.objects.create(
        account=account, bot=bot, instrument=perpetual, amount=D(-2), basis=D(-200),
        funding=D("1.5"), updated_at=now(),
    )  # fmt: skip
    make_quote(perpetual, last=91, mark=D(90))
    VenuePosition.objects.create(
        account=account, instrument=perpetual, amount=D("-2.5"), mark_price=D(90),
        liquidation_price=D(120), leverage=D(4), at=now(), observed_at=now(),
    )  # fmt: skip
    client = as_role("operator", "auditor")
    page = client.get("/positions/").content.decode()
    for words in (
        "short 4× cross", "120.0 (33.3 %)", "45.00", "−180.00", "gross 180.00", "+20.00", "+1.50",
        "Not ours:", "−2.500 BTC at the venue, −2.000 ours", "By bot", "By venue", "By asset",
    ):  # fmt: skip
        assert words in page, words
    assert "short 4× cross" in client.get(f"/bots/{bot.slug}/").content.decode()
    [row] = client.get("/api/v1/positions/").json()["results"]
    assert (row["side"], row["kind"], row["funding"]) == ("short", "linear", "1.5")
    assert (row["liquidation_price"], row["mark_price"], row["leverage"]) == ("120", "90", "4")


def guarded_short():
    """A short of 2 from 100, marked at 90 and liquidated at 120, with three exits and funding."""
    account, perpetual = make_account(venue="binanceusdm"), make_perpetual()
    bot = make_bot(account=account, instruments=[perpetual])
    opened = now() - timedelta(hours=4)
    Position.objects.create(
        account=account, bot=bot, instrument=perpetual, amount=D(-2), basis=D(-200),
        opened_at=opened, updated_at=now(),
    )  # fmt: skip
    make_quote(perpetual, last=91, mark=D(90), source_venue="kraken")
    VenuePosition.objects.create(
        account=account, instrument=perpetual, amount=D(-2), mark_price=D(90),
        liquidation_price=D(120), at=now(), observed_at=now(),
    )  # fmt: skip
    group = OrderGroup.objects.create(
        account=account, bot=bot, instrument=perpetual, kind="bracket", side="buy", created_at=now()
    )
    leg = {"purpose": "protect", "side": "buy", "amount": D(2), "reduce_only": True, "group": group}
    make_order(
        bot, **leg, type="stop_market", stop_price=D(105), status="open", venue_order_id="77"
    )
    make_order(bot, **leg, type="limit", price=D(80), status="submitted")
    make_order(bot, **leg, type="trailing_stop_market", trailing_rate=D("0.1"), status="open")
    payment = FundingPayment.objects.create(
        account=account, instrument=perpetual, venue_id="f1", asset="USDT", amount=D("0.12"),
        at=now() - timedelta(hours=1), recorded_at=now(),
    )  # fmt: skip
    FundingShare.objects.create(payment=payment, bot=bot, amount=D("0.12"))
    start = open_ms(to_ms(opened), "1h")
    for step, low in enumerate((99, 95, 85, 88)):
        Candle.objects.create(
            instrument=perpetual, timeframe="1h", ts=start + step * 3_600_000, open=100, high=101,
            low=low, close=low + 1, volume=1, observed_at=now(),
        )  # fmt: skip
    return bot, perpetual


def test_the_chart_of_a_perpetual_shows_all_that_stands() -> None:
    bot, perpetual = guarded_short()
    chart = read_chart(bot_id=bot.pk, instrument=perpetual, timeframe="1h")
    told = {line["kind"]: (line["price"], line["glyph"], line["words"]) for line in chart["lines"]}
    # the lowest price since it was opened is 85: it follows 10 % above
    last = chart["candles"][-1][4]
    away = f"{abs(last - 93.5) / last * 100:.2f} %"
    assert told == {
        "entry": (100.0, "●", "entry 100.0"),
        "mark": (90.0, "–", "mark 90.0"),
        "liquidation": (120.0, "✕", "liquidation 120.0"),
        "stop": (105.0, "◆", "stop 105.0"),
        "target": (80.0, "◇", "target 80.0"),
        "trailing stop": (pytest.approx(93.5), "◈", f"trailing stop of 10.00 % about 93.5, {away} away"),
    }  # fmt: skip
    assert [paid["text"] for paid in chart["funding"]] == ["F +0.12"]
    assert "liquidation 120.0 (33.3 %); price from kraken" in chart["summary"]


def test_an_order_of_a_perpetual_shows_its_bracket_liquidation_and_funding(
    as_role, django_assert_num_queries
) -> None:
    bot, _ = guarded_short()
    Position.objects.filter(bot=bot).update(funding=D("0.12"))
    stop = bot.orders.get(type="stop_market")
    page = as_role("viewer").get(f"/orders/{stop.client_order_id}/").content.decode()
    for words in (
        "Bracket", "The position now", "short 1× cross, −2.000 BTC from 100.0", "90.0 from kraken",
        "120.0 (33.3 %)", "+0.12", "stop 105.0", "<strong>trailing stop</strong>", "<strong>target</strong>",
    ):  # fmt: skip
        assert words in page, words
    # one more than of a spot order; neither a cycle nor a fill led to it
    with django_assert_num_queries(STATEMENTS - 1):
        read_order(stop.client_order_id)


def test_the_protective_legs_and_a_borrowed_price_stand_on_the_pages(as_role) -> None:
    bot, perpetual = guarded_short()
    client = as_role("operator")
    for address in ("/positions/", f"/bots/{bot.slug}/"):
        page = client.get(address).content.decode()
        for words in (
            "<strong>stop</strong> 105.0", ">77</a>", "<strong>target</strong> 80.0", "no id yet",
            "<strong>trailing stop</strong> 10.0 %", "Bracket", "90.0 from kraken",
            f"/bots/{bot.slug}/close/{perpetual.pk}/",
        ):  # fmt: skip
            assert words in page, (address, words)
        assert "no stop at the venue" not in page


@pytest.mark.parametrize(
    ("side", "activation", "level"),
    [("sell", None, 99.0), ("sell", 109, 99.0), ("sell", 111, None), ("buy", 95, 99.0), ("buy", None, 99.0)],
    ids=["from-the-start", "started", "waits", "short-started", "short"],
)  # fmt: skip
def test_a_trailing_stop_follows_the_best_price_since_it_began(side, activation, level) -> None:
    candles = [[0, 100, 140, 60, 100], [60, 100, 110, 90, 100], [120, 100, 105, 95, 100]]
    found = trailing_level(
        side=side, rate=D("0.1"), activation=activation, candles=candles, since=30
    )
    assert found == (None if level is None else pytest.approx(level))


def test_a_bot_without_a_stop_says_so(as_role) -> None:
    bot = trading_bot()
    bot.orders.filter(purpose="protect").update(status="canceled")
    assert "no stop at the venue" in as_role("viewer").get("/positions/").content.decode()
