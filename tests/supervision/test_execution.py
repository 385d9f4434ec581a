"""Execution quality: exact figures per order, rolling per bot, told with hysteresis."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.audit.models import AuditEvent
from apps.core.clock import now
from apps.orders.actions.record_quality import record_quality
from apps.orders.models import Order, OrderQuality, QualityWatch
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction
from apps.supervision.actions.watch_execution import WATCHER, watch_execution
from apps.supervision.domain.execution import Rolling, changes, next_level
from apps.supervision.queries import rolling_quality
from tests.factories import make_bot, make_fill, make_instrument, make_order

D = Decimal
db = pytest.mark.django_db


def ended(bot, *, fills=(), **values):
    """An order decided 1 s ago, sent 40 ms, acknowledged 25 ms and filled 60 ms after."""
    start = now() - timedelta(seconds=1)
    sent = start + timedelta(milliseconds=40)
    filled = sum((D(amount) for _, amount, *_ in fills), D(0))
    order = make_order(bot, status=values.pop("status", "filled"), **{
        "arrival_price": D(100), "amount": D(2), "decided_at": start, "submitted_at": sent,
        "acknowledged_at": sent + timedelta(milliseconds=25), "ended_at": now(), "filled": filled,
        "first_fill_at": sent + timedelta(milliseconds=60) if fills else None,
        "cost": sum((D(price) * D(amount) for price, amount, *_ in fills), D(0)),
    } | values)  # fmt: skip
    for price, amount, liquidity, fee, asset in fills:
        make_fill(
            order, price=price, amount=amount, liquidity=liquidity, fee=D(fee), fee_asset=asset
        )
    return order


def measured(order: Order) -> OrderQuality:
    record_quality(account_id=order.account_id)
    return OrderQuality.objects.get(order=order)


@db
def test_a_buy_filled_in_two_parts_is_measured_exactly() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    fills = [("101", "1", "taker", "0.101", "USDT"), ("100", "0.5", "maker", "0.001", "BTC")]
    found = measured(ended(bot, fills=fills, status="canceled"))
    # average (101 + 50) / 1.5 = 100.6667; fees 0.101 + 0.001 × 100 = 0.201 of a cost of 151
    assert found.slippage_bps == pytest.approx(66.6667, abs=1e-3)
    assert (found.submit_ms, found.acknowledge_ms, found.fill_ms) == (40.0, 25.0, 60.0)
    assert found.fill_ratio == 0.75
    assert found.maker_share == pytest.approx(50 / 151)
    assert found.fee_bps == pytest.approx(0.201 / 151 * 10_000)


@db
@pytest.mark.parametrize(
    ("values", "price", "expected"),
    [
        ({"side": "sell", "purpose": "reduce"}, "99", 100.0),
        ({"side": "sell", "purpose": "reduce"}, "101", -100.0),
        ({"side": "buy"}, "99", -100.0),
        ({"arrival_price": None}, "99", None),
        (
            {"side": "sell", "purpose": "protect", "type": "stop_market", "stop_price": D(90)},
            "89.1",
            100.0,
        ),
    ],
)
def test_slippage_is_positive_when_it_is_worse(values, price, expected) -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    found = measured(ended(bot, fills=[(price, "2", "taker", "0", "USDT")], **values))
    assert found.slippage_bps == (None if expected is None else pytest.approx(expected))


@db
def test_a_fee_in_a_third_asset_and_no_fill_have_no_figure() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    paid = ended(bot, fills=[("100", "2", "taker", "0.01", "BNB")])
    refused = ended(bot, status="rejected", acknowledged_at=None)
    assert measured(paid).fee_bps is None
    found = measured(refused)
    assert (found.fill_ratio, found.slippage_bps, found.acknowledge_ms) == (0, None, None)


@db
def test_each_order_is_measured_once_and_a_late_fill_corrects_it() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    order = ended(bot, fills=[("100", "1", "taker", "0", "USDT")], status="canceled")
    assert record_quality(account_id=bot.account_id) == [order.id]
    assert record_quality(account_id=bot.account_id) == []
    make_fill(order, price="100", amount="1")
    Order.objects.filter(id=order.id).update(status="filled", filled=2, cost=200)
    assert record_quality(account_id=bot.account_id) == []
    found = OrderQuality.objects.get()
    assert (found.status, found.fill_ratio) == ("filled", 1.0)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("ok", 29.9, "ok"), ("ok", 30, "warning"), ("ok", 80, "reducing"),
        ("warning", 24.1, "warning"), ("warning", 24, "ok"), ("warning", 80, "reducing"),
        ("reducing", 64.1, "reducing"), ("reducing", 64, "warning"), ("reducing", 10, "ok"),
    ],
)  # fmt: skip
def test_a_level_falls_only_well_below_its_threshold(before, value, after) -> None:
    assert next_level(measure="slippage_bps", before=before, value=float(value)) == after


def test_a_small_sample_changes_nothing() -> None:
    bad = {
        "slippage_bps": 500.0, "submit_ms": 1.0, "acknowledge_ms": 1.0, "fill_ms": 1.0,
        "fill_ratio": 0.0, "reject_rate": 1.0,
    }  # fmt: skip
    assert changes(rolling=Rolling(9, **bad), levels={}) == {}
    assert set(changes(rolling=Rolling(10, **bad), levels={})) == {
        "slippage_bps", "unfilled_share", "reject_rate",
    }  # fmt: skip


@db
def test_bad_execution_restricts_the_bot_once_until_it_has_been_better() -> None:
    bot = make_bot(instruments=[make_instrument(symbol="BTC/USDT")])
    for _ in range(10):
        ended(bot, fills=[("101", "2", "taker", "0", "USDT")])
    record_quality(account_id=bot.account_id)
    rolling = rolling_quality()
    assert rolling["bot", bot.id] == rolling["account", bot.account_id]
    assert rolling["bot", bot.id].slippage_bps == pytest.approx(100)
    assert (watch_execution(), watch_execution()) == (1, 0)
    found = Restriction.objects.get(code="EXECUTION_QUALITY")
    assert (found.scope_id, found.state) == (str(bot.id), "reducing")
    assert AuditEvent.objects.filter(verb="execution.reducing").count() == 1
    lift(actor=WATCHER, restriction_id=found.id, reason="looked at")
    assert watch_execution() == 0
    OrderQuality.objects.update(slippage_bps=5)
    assert watch_execution() == 1
    assert QualityWatch.objects.get().level == "ok"
    OrderQuality.objects.update(slippage_bps=90)
    assert watch_execution() == 1
    assert Restriction.objects.filter(code="EXECUTION_QUALITY", lifted_at=None).count() == 1
