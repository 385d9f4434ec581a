"""From a candle to a closed trade, over a real exchange process."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from apps.bots.models import BotTarget, Cycle
from apps.marketdata.queries import candle_windows, instrument_ids
from apps.orders.models import Fill, Order
from apps.portfolio.models import Position, RoundTrip
from apps.risk.models import Verdict
from apps.strategies.domain.parameters import parse_parameters
from apps.strategies.domain.registry import CATALOGUE
from tests.scenarios.market import SYMBOL, Stage

pytestmark = pytest.mark.django_db(transaction=True)


def test_full_trading_cycle(stage: Stage) -> None:
    bot = stage.bot()
    # data → target
    for _ in range(4):
        stage.step()
    assert not Order.objects.exists()
    assert set(Cycle.objects.values_list("outcome", flat=True)) == {"HOLD"}
    stage.step()
    assert Cycle.objects.get(scheduled_for=stage.at).seen[SYMBOL]["exposure"] == 1.0
    # → size: a tenth of 100,000 USDT at 50,500
    target = BotTarget.objects.get()
    assert target.target_amount == Decimal("0.19801")
    # → verdict → order → fill
    entry = Order.objects.get(purpose="entry")
    assert (entry.amount, entry.status, entry.filled) == (
        target.target_amount,
        "filled",
        entry.amount,
    )
    assert Verdict.objects.get(order=entry).is_allowed
    bought = list(Fill.objects.filter(order=entry))
    assert sum(fill.amount for fill in bought) == entry.amount
    position = Position.objects.get()
    assert position.amount == entry.amount - sum(
        fill.fee for fill in bought if fill.fee_asset == "BTC"
    )
    # → protection, resting at the exchange
    protect = Order.objects.get(purpose="protect")
    [resting] = stage.ask("open_orders", SYMBOL)
    average = position.basis / position.amount
    assert (resting.client_order_id, resting.stop_price) == (
        protect.client_order_id,
        protect.stop_price,
    )
    assert average * Decimal("0.95") - protect.stop_price < Decimal("0.01")
    assert protect.amount <= position.amount < protect.amount + Decimal("0.00001")
    assert stage.reasons() == []
    # → profit → close
    for _ in range(10):
        stage.step()
    leave = Order.objects.get(purpose="reduce")
    assert (leave.status, leave.replaces_id) == ("filled", protect.id)
    protect.refresh_from_db()
    assert protect.status == "canceled"
    assert stage.ask("open_orders", SYMBOL) == []
    trip = RoundTrip.objects.get()
    position.refresh_from_db()
    assert position.amount < Decimal("0.00001")
    assert trip.profit == position.realised_profit - position.fees > 0
    # the exchange's own trade list says the same
    cash = sum(
        (1 if side == "sell" else -1) * amount * price for side, amount, price in stage.trades()
    )
    quote_fees = sum(fill.fee for fill in Fill.objects.filter(fee_asset="USDT"))
    assert stage.ask("balances")["USDT"] == 100_000 + cash - quote_fees
    assert stage.reasons() == []
    stage.assert_books_equal_the_exchange()
    assert set(Cycle.objects.filter(bot=bot).values_list("status", flat=True)) == {"done"}


def test_a_stop_at_the_exchange_closes_the_trade_without_us(make_stage) -> None:
    stage = make_stage([50_000.0] * 4 + [51_000, 52_000, 40_000, 41_000, 42_000])
    stage.bot(protection={"stop_loss": "0.03"})
    for _ in range(9):
        stage.step()
    purposes = Order.objects.order_by("id").values_list("purpose", "status")
    assert list(purposes)[:2] == [("entry", "filled"), ("protect", "filled")]
    trip = RoundTrip.objects.get()
    assert trip.profit < 0
    assert stage.reasons() == []
    stage.assert_books_equal_the_exchange()


def waves(count: int) -> list[float]:
    """Return closes of a seeded market that trends and swings, so that every strategy trades."""
    random = np.random.default_rng(11)
    steps = random.normal(0, 0.006, count) + 0.004 * np.sin(np.arange(count) / 15)
    return [round(float(price), 2) for price in 50_000 * np.exp(np.cumsum(steps))]


PARAMETERS = {
    "sma_cross": {"fast": 3, "slow": 8},
    "mean_reversion": {"period": 10, "rsi_period": 3, "width": 1.0, "oversold": 45.0},
    "breakout": {"entry_period": 8, "exit_period": 4},
    "ema_trend": {"fast": 2, "slow": 3, "weeks": 2},
}


def test_every_strategy_decides_live_what_its_vector_form_says(make_stage) -> None:
    """Bar by bar, over 120 candles: the same opinion, and NaN where it keeps quiet."""
    count = 120
    stage = make_stage(waves(count))
    stage.weeks(48_000, 49_000, 50_000)
    for name, parameters in PARAMETERS.items():
        stage.bot(
            name.replace("_", "-"),
            strategy=name,
            parameters=parameters,
            sizing={"mode": "fixed_cost", "cost": "500"},
        )
    for _ in range(count - 1):
        stage.step()
    [instrument_id] = instrument_ids(
        venue="binance", environment="simulated", symbols=[SYMBOL]
    ).values()
    keys = [(instrument_id, "1h", 10_000), (instrument_id, "1w", 10)]
    windows = candle_windows(keys=keys, at_ms=stage.at_ms)
    candles, weeks = windows[instrument_id, "1h"], {"1w": windows[instrument_id, "1w"]}
    for name, raw in PARAMETERS.items():
        strategy = CATALOGUE[name]
        vector = strategy.exposure(candles, parse_parameters(strategy, raw), weeks)
        live = [
            cycle.seen[SYMBOL]["exposure"]
            for cycle in Cycle.objects.filter(bot__slug=name.replace("_", "-")).order_by(
                "scheduled_for"
            )
        ]
        said = np.array([np.nan if value is None else value for value in live])
        np.testing.assert_array_equal(said, vector[-len(said) :], err_msg=name)
        assert len(said) == count - 1
        assert np.isfinite(said).any(), name
    assert stage.reasons() == []
    stage.assert_books_equal_the_exchange()
    assert Fill.objects.values("bot").distinct().count() == 4
