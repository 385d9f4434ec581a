"""Pure: from an opinion, a memory and a holding to what a bot wants to change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from apps.risk.domain.forms import Rules
from apps.trading.domain.batch import Batch, BotRow, Holding, InstrumentRow, Price, Target
from apps.trading.domain.decision_text import decision_text
from apps.trading.domain.opinions import Opinion
from apps.trading.domain.proposals import propose
from apps.trading.domain.wishes import decide

NOW = datetime(2023, 5, 2, tzinfo=UTC)
RULES = Rules(Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(5), 5, True)
BOT_ID, ACCOUNT = UUID(int=1), UUID(int=2)
KEEP = Opinion()


def wish(
    opinion: Opinion, *, target: Target | None = None, held: Holding | None = None, opening: str = "0",
    price: str = "100", protection: dict | None = None, state: str = "running", traded: bool = True,
):  # fmt: skip
    instruments = {
        1: InstrumentRow(1, "A/USDT", "A", "USDT", RULES, '"A/USDT"'),
        2: InstrumentRow(2, "B/USDT", "B", "USDT", RULES, '"B/USDT"'),
    }
    bot = BotRow(
        BOT_ID, "bot", state, "paper", UUID(int=3), "sma_cross", "", "{}",
        json.dumps({"mode": "fixed_cost", "cost": "1000"}),
        json.dumps(protection or {"stop_loss": "0.05"}), (1,),
    )  # fmt: skip
    batch = Batch(
        ACCOUNT, "binance", "USDT", "1h", NOW, NOW, bots=[bot], instruments=instruments,
        prices={1: Price(Decimal(price), 0.0), 2: Price(Decimal(price), 0.0)}, equity=Decimal(100_000),
    )  # fmt: skip
    where = 1 if traded else 2
    if target:
        batch.targets = {BOT_ID: {where: target}}
    if held:
        batch.holdings = {BOT_ID: {where: held}}
    if Decimal(opening):
        batch.open_amounts = {BOT_ID: {where: Decimal(opening)}}
    decision = decide(bot=bot, batch=batch, opinions={1: opinion})
    json.loads('{"bot":"x",' + decision_text(decision, batch.prices))
    return next(w for w in decision.wishes if w.instrument.id == where)


HELD = Holding(Decimal(10), Decimal(1000))
LONG = Target(1.0, Decimal(10))


@pytest.mark.parametrize(
    ("opinion", "values", "action", "delta"),
    [
        (Opinion(0.0), {}, "NONE", "0"),
        (KEEP, {}, "NONE", "0"),
        (Opinion(1.0), {}, "ENTER", "10"),
        (Opinion(0.5), {}, "ENTER", "5"),
        (Opinion(1.0), {"target": LONG, "held": HELD}, "HOLD", "0"),
        (Opinion(1.0), {"target": LONG, "held": HELD, "price": "150"}, "HOLD", "0"),
        (KEEP, {"target": LONG, "held": HELD}, "HOLD", "0"),
        (KEEP, {"target": LONG}, "ENTER", "10"),
        (KEEP, {"target": LONG, "opening": "10"}, "HOLD", "0"),
        (Opinion(0.0), {"target": LONG, "held": HELD}, "EXIT", "-10"),
        (Opinion(0.0), {"target": LONG, "held": HELD, "opening": "-10"}, "HOLD", "0"),
        (Opinion(0.0), {"target": LONG, "opening": "10"}, "EXIT", "-10"),
        (Opinion(0.5), {"target": LONG, "held": HELD}, "EXIT", "-5"),
        # a fee in the base asset leaves a little less than was wanted
        (KEEP, {"target": LONG, "held": Holding(Decimal("9.99"), Decimal(999))}, "HOLD", "0"),
        # what the venue would not take is left alone
        (Opinion(0.0), {"target": LONG, "held": Holding(Decimal("0.04"), Decimal(4))}, "NONE", "0"),
        # stopped out: the same opinion keeps away, a new one counts
        (Opinion(1.0), {"target": Target(1.0, Decimal(0), stopped_out=True)}, "NONE", "0"),
        (Opinion(0.5), {"target": Target(1.0, Decimal(0), stopped_out=True)}, "ENTER", "5"),
        (Opinion(1.0), {"state": "paused"}, "WAIT", "10"),
        (Opinion(0.0), {"state": "paused", "target": LONG, "held": HELD}, "EXIT", "-10"),
        # an instrument that left the config is wished away
        (KEEP, {"traded": False, "target": LONG, "held": HELD}, "EXIT", "-10"),
    ],
)
def test_what_a_bot_wants(opinion: Opinion, values: dict, action: str, delta: str) -> None:
    found = wish(opinion, **values)
    assert (found.action, found.delta) == (action, Decimal(delta))


def test_a_profit_that_reached_its_goal_is_taken() -> None:
    goal = {"stop_loss": "0.05", "take_profit": "0.1"}
    near = wish(KEEP, target=LONG, held=HELD, price="109.99", protection=goal)
    there = wish(KEEP, target=LONG, held=HELD, price="110", protection=goal)
    assert (near.action, there.action) == ("HOLD", "EXIT")
    assert there.new_target == Target(1.0, Decimal(0), stopped_out=True)
    assert there.codes == [{"code": "TAKE_PROFIT"}]


def test_an_exit_takes_what_is_held_and_not_already_leaving() -> None:
    exits = wish(Opinion(0.0), target=LONG, held=Holding(Decimal("9.9905"), Decimal(999)))
    words = {"account_id": ACCOUNT, "bot_id": BOT_ID, "price": None, "order_type": "market"}
    order = propose(wish=exits, leaving=Decimal(0), **words)
    assert (order.purpose, order.side, order.amount) == ("reduce", "sell", Decimal("9.990"))
    assert propose(wish=exits, leaving=Decimal(4), **words).amount == Decimal("5.990")
    assert propose(wish=exits, leaving=Decimal("9.99"), **words) is None


def test_an_entry_waits_for_an_exit_under_way_and_may_be_a_limit() -> None:
    entry = wish(Opinion(1.0))
    words = {"account_id": ACCOUNT, "bot_id": BOT_ID, "price": Price(Decimal("100.004"), 0.0)}
    assert propose(wish=entry, leaving=Decimal(1), order_type="market", **words) is None
    market = propose(wish=entry, leaving=Decimal(0), order_type="market", **words)
    limit = propose(wish=entry, leaving=Decimal(0), order_type="limit", **words)
    assert (market.type, market.price) == ("market", None)
    assert (limit.type, limit.price) == ("limit", Decimal("100.00"))
