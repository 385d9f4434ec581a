"""When an answer, a candle, Redis or the exchange is missing: what the desk does instead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.bots.models import Cycle
from apps.core.actor import Actor
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.models import Candle
from apps.orders.models import Order
from apps.portfolio.models import Position
from apps.risk.actions.restrict import restrict
from apps.trading.actions.run_account import run_account
from apps.trading.queries.due import busy_accounts
from tests.fixtures.simulator import HOUR_MS
from tests.scenarios.market import SYMBOL, Stage
from tests.scenarios.test_state_persistence import settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def before_entry(stage: Stage) -> Stage:
    """One candle before the bot's entry."""
    stage.bot()
    for _ in range(4):
        stage.step()
    return stage


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["timeout_after_accept", "timeout_before_accept", "http_503_unknown", "rate_limited"]
)
def test_an_order_whose_answer_is_missing_is_settled_once(before_entry: Stage, kind: str) -> None:
    stage = before_entry
    stage.advance()
    stage.simulator.control("POST", "faults", {"kind": kind, "ms": 5000})
    settle(stage, seconds=60)
    assert Order.objects.filter(purpose="entry", status="filled").count() == 1
    amounts = [amount for _, amount, _ in stage.trades()]
    assert sum(amounts) == Order.objects.get(purpose="entry", status="filled").amount
    assert len(stage.ask("open_orders", SYMBOL)) == 1
    stage.assert_books_equal_the_exchange()


def test_a_stop_that_the_exchange_did_not_take_is_placed_again(before_entry: Stage) -> None:
    stage = before_entry
    stage.advance()
    # the entry passes, its stop meets an exchange that is overloaded
    stage.simulator.control("POST", "faults", {"kind": "delay", "ms": 1})
    stage.simulator.control("POST", "faults", {"kind": "http_503", "count": 1})
    settle(stage, seconds=60)
    [resting] = stage.ask("open_orders", SYMBOL)
    assert Order.objects.get(client_order_id=resting.client_order_id).purpose == "protect"
    assert Position.objects.get().amount > 0


def test_without_a_candle_nothing_is_entered_and_the_next_one_decides(before_entry: Stage) -> None:
    stage = before_entry
    stage.at_ms += HOUR_MS
    stage.simulator.control("POST", "advance", {"to": stage.at_ms})
    advance_clock(to=stage.at)
    run_account(account_id=stage.account.id)
    assert not Cycle.objects.filter(scheduled_for=stage.at).exists()
    advance_clock(to=stage.at + timedelta(seconds=6))
    run_account(account_id=stage.account.id)
    cycle = Cycle.objects.get(scheduled_for=stage.at)
    assert (cycle.outcome, cycle.codes[0]["code"]) == ("NO_DATA", "STALE_DATA")
    assert not Order.objects.exists()
    stage.step()
    assert Candle.objects.filter(timeframe="1h", ts=stage.at_ms - 2 * HOUR_MS).exists()
    assert Order.objects.get(purpose="entry").status == "filled"


def test_missed_candles_are_not_replayed(before_entry: Stage) -> None:
    stage = before_entry
    count = Cycle.objects.count()
    for _ in range(3):
        stage.advance()
    run_account(account_id=stage.account.id)
    assert Cycle.objects.count() == count + 1
    assert Cycle.objects.filter(scheduled_for=stage.at).exists()


def test_a_halt_between_decision_and_sending_sends_nothing(
    before_entry: Stage, monkeypatch
) -> None:
    stage = before_entry
    stage.advance()
    genuine = run_account.__globals__["send_orders"]

    def halted(*, account_id):
        restrict(
            actor=Actor.task("test"),
            scope_kind="desk",
            scope_id="",
            state="halted",
            code="HALT",
            reason="x",
        )
        return genuine(account_id=account_id)

    monkeypatch.setitem(run_account.__globals__, "send_orders", halted)
    run_account(account_id=stage.account.id)
    assert stage.trades() == []
    assert Order.objects.get().status == "withdrawn"


def test_without_redis_the_account_is_still_worked_on(
    before_entry: Stage, settings, monkeypatch
) -> None:
    stage = before_entry
    stage.advance()
    layers = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere.sock"]},
        }
    }
    settings.CHANNEL_LAYERS = layers
    settings.REDIS_URL = "unix:///nowhere.sock"
    stage.forget()
    run_account(account_id=stage.account.id)
    assert Cycle.objects.get(scheduled_for=stage.at).outcome == "ORDERED"
    order = Order.objects.get(purpose="entry")
    assert order.status in {"filled", "created"}
    assert (order.status == "filled") == (busy_accounts() == set())
