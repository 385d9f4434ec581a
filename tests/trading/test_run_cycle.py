"""One cycle: what is seen, wanted, refused and why; once, whatever happens."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.bots.actions.pause import pause
from apps.bots.models import Bot, BotTarget, Cycle
from apps.core.actor import Actor
from apps.orders.models import Order
from apps.risk.actions.restrict import restrict
from apps.risk.models import Verdict
from apps.strategies.domain.catalogue.sma_cross import SmaCross
from apps.trading.actions.run_cycle import CycleSummary
from tests.trading.desk import ANNA, Desk

pytestmark = pytest.mark.django_db
UP = [100.0, 100, 100, 100, 110]


def test_a_signal_becomes_a_target_a_verdict_and_an_order(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    summary = desk.cycle()
    assert (summary.bots, summary.ordered, summary.denied) == (1, 1, 0)
    order = Order.objects.get()
    assert (order.purpose, order.side, order.type, order.status) == (
        "entry",
        "buy",
        "market",
        "created",
    )
    assert order.amount == Decimal("9.09090")
    assert (order.cycle_at, order.arrival_price) == (desk.at, Decimal(110))
    assert order.verdict.reserved_cost == Decimal("9.09090") * 110
    target = BotTarget.objects.get()
    assert (target.exposure, target.target_amount) == (1.0, Decimal("9.09090"))
    cycle = desk.decision(bot)
    assert (cycle.status, cycle.outcome) == ("done", "ORDERED")
    assert cycle.seen == {"BTC/USDT": {"close": "110", "age": 0.0, "held": "0", "exposure": 1.0}}
    assert cycle.wanted["BTC/USDT"] == {
        "exposure": 1.0, "target": "9.0909", "delta": "9.0909", "action": "ENTER",
        "order": {"purpose": "entry", "side": "buy", "type": "market", "amount": "9.0909"},
    }  # fmt: skip


def test_a_cycle_runs_once(desk: Desk) -> None:
    desk.bot()
    desk.history(UP)
    assert desk.cycle().ordered == 1
    assert desk.cycle().bots == 0
    assert (Order.objects.count(), Cycle.objects.count()) == (1, 1)


def test_a_cycle_that_was_only_opened_is_continued(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    Cycle.objects.create(
        bot=bot, scheduled_for=desk.at, config_id=bot.config_id, status="open", opened_at=desk.at
    )
    assert desk.cycle().ordered == 1
    assert desk.decision(bot).status == "done"


def test_without_its_candle_a_batch_waits_and_then_says_stale(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    desk.step()
    assert desk.cycle().is_waiting
    assert not Cycle.objects.exists()
    desk.wait(5.1)
    assert desk.cycle().bots == 1
    cycle = desk.decision(bot)
    assert cycle.outcome == "NO_DATA"
    assert cycle.codes == [{"symbol": "BTC/USDT", "code": "STALE_DATA", "timeframe": "1h"}]
    assert not Order.objects.exists()


def test_a_close_that_another_has_followed_is_past(desk: Desk) -> None:
    """The market may move on between finding a batch due and deciding it."""
    desk.bot()
    desk.history(UP)
    desk.wait(desk.length.total_seconds())
    assert desk.cycle() == CycleSummary()
    assert not Cycle.objects.exists()
    assert not Order.objects.exists()


def test_too_few_candles_give_no_opinion(desk: Desk) -> None:
    bot = desk.bot()
    desk.history([100, 110])
    desk.cycle()
    cycle = desk.decision(bot)
    assert cycle.codes == [
        {"symbol": "BTC/USDT", "code": "TOO_FEW_CANDLES", "value": 2, "would_pass": 4}
    ]
    assert cycle.seen["BTC/USDT"]["exposure"] is None


def test_a_reference_price_that_is_too_old_refuses_the_entry(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    desk.wait(60)
    assert desk.cycle().denied == 1
    cycle = desk.decision(bot)
    assert (cycle.outcome, cycle.codes[0]["code"]) == ("REFUSED", "STALE_PRICE")
    assert not Order.objects.exists()
    assert Verdict.objects.get().is_allowed is False


def test_one_bots_exception_never_touches_its_neighbours(desk: Desk, monkeypatch) -> None:
    good, bad = desk.bot("good"), desk.bot("bad", parameters={"fast": 3, "slow": 4})
    desk.history(UP)
    genuine = SmaCross.opinions

    def raises(self, candles, parameters, informative):
        if parameters.fast == 3:
            raise ZeroDivisionError("boom")
        return genuine(self, candles, parameters, informative)

    monkeypatch.setattr(SmaCross, "opinions", raises)
    summary = desk.cycle()
    assert (summary.bots, summary.ordered, summary.failed) == (2, 1, 1)
    assert Order.objects.get().bot_id == good.id
    cycle = desk.decision(bad)
    assert (cycle.status, cycle.outcome) == ("failed", "FAILED")
    assert cycle.codes == [{"code": "STRATEGY_FAILED", "error": "ZeroDivisionError"}]
    bad.refresh_from_db()
    assert (bad.state, bad.state_reason) == ("failed", "STRATEGY_FAILED error=ZeroDivisionError")
    good.refresh_from_db()
    assert good.state == "running"


def test_code_other_than_the_pinned_gives_no_opinion(desk: Desk, monkeypatch) -> None:
    bot = desk.bot()
    desk.history(UP)
    monkeypatch.setattr("apps.trading.actions.ask_strategies.source_hash", lambda name: "0" * 64)
    assert desk.cycle().ordered == 0
    assert desk.decision(bot).codes[0]["code"] == "STRATEGY_VERSION_DIFFERS"


def test_a_paused_bot_remembers_what_it_wants_and_enters_nothing(desk: Desk) -> None:
    bot = desk.bot()
    pause(actor=ANNA, bot_id=bot.id)
    desk.history(UP)
    assert desk.cycle().ordered == 0
    cycle = desk.decision(bot)
    assert (cycle.wanted["BTC/USDT"]["action"], cycle.codes[0]["code"]) == ("WAIT", "BOT_PAUSED")
    assert BotTarget.objects.get().target_amount == Decimal("9.09090")
    assert not Order.objects.exists()


def test_a_restriction_refuses_entries_with_its_code(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    restrict(
        actor=Actor.task("test"),
        scope_kind="desk",
        scope_id="",
        state="halted",
        code="HALT",
        reason="x",
    )
    assert desk.cycle().denied == 1
    assert desk.decision(bot).codes[0]["code"] == "TRADING_HALTED"


def test_the_second_of_two_bots_sees_what_the_first_reserved(desk: Desk, monkeypatch) -> None:
    first, second = desk.bot("a-first"), desk.bot("b-second")
    desk.history(UP)
    monkeypatch.setitem(
        __import__("apps.risk.domain.defaults", fromlist=["PAPER"]).PAPER,
        "gross_exposure",
        Decimal(1500),
    )
    summary = desk.cycle()
    assert (summary.ordered, summary.denied) == (1, 1)
    assert desk.decision(first).outcome == "ORDERED"
    assert "GROSS_EXPOSURE" in {code["code"] for code in desk.decision(second).codes}


def test_what_an_unreadable_equity_kept_from_being_sized_is_sized_at_the_next_close(
    desk: Desk, monkeypatch
) -> None:
    bot = desk.bot()
    desk.history(UP)
    with monkeypatch.context() as patched:
        patched.setattr("apps.trading.queries.batch.balance_rows", lambda account_id: [])
        assert desk.cycle().ordered == 0
    assert desk.decision(bot).codes == [{"symbol": "BTC/USDT", "code": "EQUITY_UNREADABLE"}]
    assert not BotTarget.objects.exists(), "the opinion was not used up"

    desk.step(150.0)
    assert desk.cycle().ordered == 1
    assert BotTarget.objects.get().exposure == 1.0


def test_the_same_opinion_keeps_the_target_and_a_new_one_sets_it(desk: Desk) -> None:
    desk.bot()
    desk.history(UP)
    desk.cycle()
    sized = BotTarget.objects.get().target_amount
    desk.step(150.0)
    desk.cycle()
    assert BotTarget.objects.get().target_amount == sized
    for close in (90.0, 80, 70):
        desk.step(close)
        desk.cycle()
    target = BotTarget.objects.get()
    assert (target.exposure, target.target_amount) == (0.0, 0)


def test_an_open_entry_that_nobody_wants_any_more_is_cancelled(desk: Desk) -> None:
    desk.bot()
    desk.history(UP)
    desk.cycle()
    for close in (90.0, 70):
        desk.step(close)
        desk.cycle()
    order = Order.objects.get()
    assert order.cancel_requested_at is not None


def test_stopped_and_draft_bots_are_not_asked(desk: Desk) -> None:
    bot = desk.bot()
    desk.history(UP)
    Bot.objects.filter(pk=bot.pk).update(state="stopped")
    assert desk.cycle().bots == 0
