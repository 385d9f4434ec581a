"""Books of linear perpetuals, against figures computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.bots.models import BotTarget
from apps.core.clock import to_ms
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Fill, Order, VenueFact
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.actions.rebuild_positions import rebuild_positions
from apps.portfolio.models import Balance, DailyResult, Position, RoundTrip
from apps.risk.models import Restriction
from apps.venues.domain.reports import FillReport, OrderReport
from tests.factories import fill_report, make_account, make_bot, make_perpetual, make_target
from tests.portfolio.stories import broken_invariants, sent, told

pytestmark = pytest.mark.django_db
D = Decimal
AT_MS = to_ms(datetime(2025, 3, 1, 8, tzinfo=UTC))


@pytest.fixture
def account():
    return make_account(venue="binanceusdm")


@pytest.fixture
def perpetual():
    return make_perpetual()


@pytest.fixture
def bot(account, perpetual):
    return make_bot(account=account, instruments=[perpetual])


def traded(bot, number, side, amount, price, fee="0", fee_asset="USDT", realised="0"):
    """The bot traded, and the venue says what it booked."""
    order = sent(bot, side=side, amount=D(amount))
    told(
        order,
        fill_report(
            order, price=price, fee=D(fee), fee_asset=fee_asset, at_ms=AT_MS + number * 1000,
            realised=None if realised is None else D(realised),
        ),
    )  # fmt: skip


def position(bot):
    return Position.objects.get(bot=bot)


def usdt(account):
    return Balance.objects.get(account=account, asset="USDT").amount


SHORT_AND_TURN = [
    # short 3 at an average of 110
    ("sell", "2", "100", "0.08", "0"),
    ("sell", "1", "130", "0.052", "0"),
    # one bought back at 90: 110 - 90
    ("buy", "1", "90", "0.036", "20"),
    # five bought at 100: two close (2 x 10), three open a long; the fee parts 0.08 and 0.12
    ("buy", "5", "100", "0.2", "20"),
    # the long of 3 sold at 120
    ("sell", "3", "120", "0.144", "60"),
]


@pytest.mark.parametrize("tells_profit", [True, False], ids=["venue tells", "venue is silent"])
def test_a_short_that_turns_into_a_long_has_the_books_computed_by_hand(account, bot, tells_profit):
    for number, (side, amount, price, fee, realised) in enumerate(SHORT_AND_TURN):
        traded(bot, number, side, amount, price, fee, realised=realised if tells_profit else None)
        if number == 1:
            assert (position(bot).amount, position(bot).basis) == (-3, -330)
    short, long = RoundTrip.objects.order_by("closed_at")
    assert (short.profit, short.fees) == (D("39.752"), D("0.248"))
    assert (short.entry_cost, short.exit_cost) == (330, 290)
    assert (long.profit, long.fees) == (D("59.736"), D("0.264"))
    assert (long.entry_cost, long.exit_cost) == (300, 360)
    held = position(bot)
    assert (held.amount, held.basis, held.realised_profit, held.round_trips) == (0, 0, 100, 2)
    assert usdt(account) == D("99.488")
    assert not Balance.objects.filter(asset="BTC").exists()
    assert DailyResult.objects.get().fills == 5
    assert broken_invariants() == {}
    assert rebuild_positions(account_id=account.id).changed == 0


def test_a_fee_in_a_third_asset_even_of_the_base_leaves_the_holding_alone(account):
    bnb = make_perpetual("BNB/USDT:USDT")
    bot = make_bot(account=account, instruments=[bnb])
    traded(bot, 1, "buy", "2", "600", "0.001", "BNB")
    assert (position(bot).amount, position(bot).basis) == (2, 1200)
    balances = {b.asset: b.amount for b in Balance.objects.filter(account=account)}
    assert balances == {"BNB": D("-0.001")}
    assert broken_invariants() == {}


def closing(number, amount, price, realised, fee, **values):
    terms = {
        "symbol": "BTC/USDT:USDT", "venue_order_id": "888", "venue_trade_id": str(number),
        "client_order_id": "autoclose-1740816000", "side": "sell", "fee_asset": "USDT",
        "liquidity": "taker", "at_ms": AT_MS + number * 1000, "is_liquidation": True,
    }  # fmt: skip
    return FillReport(
        amount=D(amount), price=D(price), cost=D(amount) * D(price), fee=D(fee),
        realised=D(realised), **terms | values,
    )  # fmt: skip


def hear(account, *fills, orders=()):
    store_facts(account_id=account.id, source="stream", fills=fills, orders=orders)
    return absorb(account_id=account.id)


def test_a_liquidation_is_borne_pro_rata_and_stops_the_bots(account, perpetual, bot):
    other = make_bot(account=account, instruments=[perpetual])
    for who, amount in ((bot, "2"), (other, "1")):
        make_target(who, perpetual)
        traded(who, 1, "buy", amount, "100")
    fills = [closing(11, "2", "90", "-20", "0.9"), closing(12, "1", "90", "-10", "0.45")]
    hear(account, fills[0])
    assert (position(bot).amount, position(other).amount) == (D("0.666"), D("0.334"))
    hear(account, fills[1])
    hear(account, *fills)

    assert [position(b).amount for b in (bot, other)] == [0, 0]
    assert [position(b).realised_profit for b in (bot, other)] == [-20, -10]
    assert usdt(account) == D("-31.35")
    assert sum(f.realised for f in Fill.objects.filter(is_liquidation=True)) == -30
    orders = Order.objects.filter(origin="venue")
    assert {(o.purpose, o.side, o.status, o.filled == o.amount) for o in orders} == {
        ("flatten", "sell", "filled", True)
    }
    assert {o.verdict.codes[0]["code"] for o in orders} == {"NOT_JUDGED"}
    assert not BotTarget.objects.exclude(target_amount=0, stopped_out=True).exists()
    halted = Restriction.objects.filter(code="LIQUIDATED", state="halted", lifted_at=None)
    assert {r.scope_id for r in halted} == {str(bot.id), str(other.id)}
    assert set(VenueFact.objects.filter(venue_order_id="888").values_list("result", flat=True)) == {
        "liquidation"
    }
    assert broken_invariants() == {}
    assert rebuild_positions(account_id=account.id).changed == 0


def test_a_trade_told_without_a_name_is_recognised_once_its_order_is_named(account, bot):
    traded(bot, 1, "sell", "2", "100")
    nameless = closing(
        11, "2", "120", "-40", "0", side="buy", client_order_id="", is_liquidation=False
    )
    assert hear(account, nameless).foreign == 1
    named = OrderReport(
        "adl_autoclose", "888", "BTC/USDT:USDT", "closed", "buy", "market", D(2), D(2), D(240),
        None, None, AT_MS,
    )  # fmt: skip
    hear(account, orders=[named])
    assert (position(bot).amount, position(bot).realised_profit) == (0, -40)
    assert usdt(account) == -40
    assert broken_invariants() == {}


def test_a_liquidation_of_what_no_bot_holds_is_foreign(account, bot):
    assert hear(account, closing(11, "2", "90", "-20", "0.9")).fills == 0
    assert VenueFact.objects.get().result == "foreign"
    assert not Restriction.objects.exists()
