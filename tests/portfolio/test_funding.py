"""Funding is booked once and borne by those who held; the venue's word on positions is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from apps.core.clock import to_ms
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.actions.store_venue_positions import store_venue_positions
from apps.portfolio.domain.funding import share_funding
from apps.portfolio.models import (
    Balance,
    DailyResult,
    FundingPayment,
    FundingShare,
    JournalLine,
    Position,
    VenuePosition,
)
from apps.venues.domain.reports import FundingReport, PositionReport
from tests.factories import fill_report, make_account, make_bot, make_perpetual
from tests.portfolio.stories import broken_invariants, sent, told

pytestmark = pytest.mark.django_db

AT = datetime(2025, 3, 1, 8, tzinfo=UTC)
LONG, SHORT, OTHER = (UUID(int=n) for n in (1, 2, 3))


def test_shares_sum_to_the_payment_to_the_last_digit():
    amount = Decimal("-0.100000000000000001")
    held = {LONG: Decimal(1), SHORT: Decimal(1), OTHER: Decimal(1)}
    shares = share_funding(amount=amount, rate=None, holdings=held)
    assert sum(shares.values()) == amount
    assert all(share.as_tuple().exponent >= -18 for share in shares.values())


def test_a_bot_against_the_net_receives_what_the_others_pay():
    held = {LONG: Decimal(3), SHORT: Decimal(-1)}
    shares = share_funding(amount=Decimal(-20), rate=Decimal("0.0001"), holdings=held)
    assert shares == {LONG: -30, SHORT: 10}


def test_in_hedge_mode_each_side_bears_its_own_payment():
    held = {LONG: Decimal(1), SHORT: Decimal(-1)}
    terms = {"rate": Decimal("0.0001"), "holdings": held, "by_side": True}
    assert share_funding(amount=Decimal(-5), **terms) == {LONG: -5}
    assert share_funding(amount=Decimal(5), **terms) == {SHORT: 5}


def test_nobody_held_or_holdings_cancel_out_shares_nothing():
    assert share_funding(amount=Decimal(5), rate=None, holdings={}) == {}
    even = {LONG: Decimal(1), SHORT: Decimal(-1)}
    assert share_funding(amount=Decimal(5), rate=None, holdings=even) == {}


@pytest.fixture
def perpetual():
    return make_perpetual()


@pytest.fixture
def account():
    return make_account(venue="binanceusdm")


def holding(account, perpetual, side, amount, hours=-1):
    """A bot that traded `amount` some hours after the funding time."""
    bot = make_bot(account=account, instruments=[perpetual])
    order = sent(bot, side=side, amount=Decimal(amount))
    at_ms = to_ms(AT + timedelta(hours=hours))
    told(order, fill_report(order, price="100", at_ms=at_ms, realised=Decimal(0)))
    return bot


def paid(amount, venue_id="f1", **values):
    return FundingReport("BTC/USDT:USDT", venue_id, "USDT", Decimal(amount), to_ms(AT), **values)


def test_funding_is_booked_once_and_shared_by_what_each_held_at_its_time(account, perpetual):
    long = holding(account, perpetual, "buy", "3")
    short = holding(account, perpetual, "sell", "1")
    holding(account, perpetual, "buy", "9", hours=0)  # came when it was due, not before
    for _ in range(2):
        record_funding(account_id=account.id, reports=[paid("-20"), paid("-1", "f2")])
    assert FundingPayment.objects.count() == 2
    shares = FundingShare.objects.order_by("payment__venue_id", "amount")
    assert [(s.bot_id, s.amount) for s in shares] == [
        (long.id, -30), (short.id, 10), (long.id, Decimal("-1.5")), (short.id, Decimal("0.5")),
    ]  # fmt: skip
    assert Position.objects.get(bot=long).funding == Decimal("-31.5")
    assert DailyResult.objects.get(bot=short, day=AT.date()).funding == Decimal("10.5")
    assert Balance.objects.get(account=account, asset="USDT").amount == -21
    lines = JournalLine.objects.filter(entry__kind="funding")
    assert sorted((li.book, li.amount) for li in lines) == [
        ("funding", 1), ("funding", 20), ("venue", -20), ("venue", -1),
    ]  # fmt: skip
    assert broken_invariants() == {}


def test_a_payment_nobody_held_for_is_booked_and_told(account, perpetual):
    assert record_funding(account_id=account.id, reports=[paid("-20")]) == 1
    assert Balance.objects.get(account=account, asset="USDT").amount == -20
    assert list(broken_invariants()) == ["funding_is_shared"]


def said(symbol="BTC/USDT:USDT", amount="1", at=AT, **values):
    terms = {
        "side": "", "entry_price": Decimal(100), "mark_price": Decimal(101),
        "liquidation_price": Decimal(60), "unrealised": Decimal(1), "leverage": Decimal(3),
        "margin_mode": "cross", "margin": Decimal("33.6"),
    }  # fmt: skip
    return PositionReport(symbol=symbol, amount=Decimal(amount), at_ms=to_ms(at), **terms | values)


def test_a_poll_is_the_whole_truth_and_a_stream_speaks_of_what_it_names(account, perpetual):
    make_perpetual("ETH/USDT:USDT")
    store_venue_positions(account_id=account.id, reports=[said(), said("ETH/USDT:USDT", "-2")])
    partial = {"mark_price": None, "liquidation_price": None, "leverage": None, "margin": None}
    later = AT + timedelta(seconds=5)
    for at, amount in ((later, "2"), (AT - timedelta(seconds=1), "9")):
        report = said(amount=amount, at=at, **partial)
        store_venue_positions(account_id=account.id, reports=[report], is_complete=False)
    found = VenuePosition.objects.get(instrument=perpetual)
    assert (found.amount, found.mark_price, found.leverage) == (2, 101, 3)
    assert found.liquidation_price is None  # that of another amount
    assert VenuePosition.objects.get(instrument__symbol="ETH/USDT:USDT").amount == -2
    store_venue_positions(account_id=account.id, reports=[said("ETH/USDT:USDT", "-2")])
    found.refresh_from_db()
    assert (found.amount, found.entry_price) == (0, None)
