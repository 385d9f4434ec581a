"""What an order may cost and take, at its edges, and what it reserves for the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.risk.domain.defaults import ALWAYS, PAPER, completed
from apps.risk.domain.forms import (
    Exposure,
    Holding,
    StopSlots,
)
from apps.risk.domain.judge import judge, reserve
from tests.risk.proposals import ENTRY, EXIT, D, codes, surroundings


@pytest.mark.parametrize(("amount", "expected"), [("10", []), ("10.001", ["ORDER_COST"])])
def test_order_cost_at_its_edge(amount, expected):
    assert codes(replace(ENTRY, amount=D(amount)), surroundings()) == expected


def test_the_tightest_scope_rules_the_order_cost():
    around = surroundings(
        limits={"desk": {"order_cost": D(1000)}, "instrument": {"order_cost": D(99)}}
    )
    refusal = judge(proposed=ENTRY, around=around).refusals[0]
    assert (refusal.code, refusal.values["limit"], refusal.values["value"]) == (
        "ORDER_COST",
        99,
        100,
    )


@pytest.mark.parametrize(
    ("holding", "expected"),
    [
        (Holding(amount=D(49), mark=D(100)), []),
        (Holding(amount=D("49.001"), mark=D(100)), ["POSITION_COST"]),
        (Holding(amount=D(-50), mark=D(100)), ["POSITION_COST"]),
        (Holding(entering_cost=D(4900)), []),
        (Holding(entering_cost=D(4901)), ["POSITION_COST"]),
        (Holding(amount=D(50)), ["POSITION_COST"]),
    ],
)
def test_position_cost_counts_held_entering_and_this_order(holding, expected):
    assert codes(ENTRY, surroundings(holding=holding)) == expected


@pytest.mark.parametrize("scope", ["desk", "account", "bot", "instrument"])
@pytest.mark.parametrize(
    ("name", "limit", "exposure", "code"),
    [
        ("gross_exposure", D(1000), Exposure(gross_cost=D(900)), None),
        ("gross_exposure", D(1000), Exposure(gross_cost=D("900.01")), "GROSS_EXPOSURE"),
        ("gross_exposure", D(1000), Exposure(gross_cost=None), "EXPOSURE_UNREADABLE"),
        ("daily_loss", D(50), Exposure(daily_result=D("-49.99")), None),
        ("daily_loss", D(50), Exposure(daily_result=D(-50)), "DAILY_LOSS"),
        ("daily_loss", D(50), Exposure(daily_result=D(500)), None),
        ("daily_loss", D(50), Exposure(daily_result=None), "EXPOSURE_UNREADABLE"),
        ("open_orders", D(3), Exposure(open_orders=2), None),
        ("open_orders", D(3), Exposure(open_orders=3), "OPEN_ORDERS"),
        ("open_orders", D(3), Exposure(open_orders=None), "EXPOSURE_UNREADABLE"),
    ],
)
def test_limits_bind_at_every_scope(scope, name, limit, exposure, code):
    around = surroundings(limits={scope: {name: limit}})
    around.exposure[scope] = exposure
    refusals = judge(proposed=ENTRY, around=around).refusals
    assert [(r.code, r.values["scope"]) for r in refusals] == ([(code, scope)] if code else [])


def test_a_limit_at_a_scope_without_exposure_refuses():
    around = surroundings(limits={"bot": {"open_orders": D(3)}}, exposure={"desk": Exposure()})
    assert codes(ENTRY, around) == ["EXPOSURE_UNREADABLE"]


def test_exits_ignore_loss_exposure_and_open_orders():
    around = surroundings(
        limits={"desk": {"open_orders": D(0), "daily_loss": D(0), "gross_exposure": D(0)}},
        holding=Holding(amount=D(1)),
    )
    assert codes(EXIT, around) == []
    assert codes(replace(EXIT, purpose="protect"), around) == []


@pytest.mark.parametrize(("taken", "expected"), [(4, []), (5, ["STOP_SLOTS"])])
def test_an_entry_needs_a_free_slot_for_its_stop(taken, expected):
    assert codes(ENTRY, surroundings(holding=Holding(stop_orders=taken))) == expected
    assert codes(ENTRY, surroundings(slots=StopSlots(taken))) == expected


@pytest.mark.parametrize(
    ("holding", "side", "expected"),
    [
        (Holding(amount=D(1)), "sell", []),
        (Holding(amount=D("0.999")), "sell", ["REDUCE_EXCEEDS_POSITION"]),
        (Holding(amount=D(2), leaving=D(1)), "sell", []),
        (Holding(amount=D(2), leaving=D("1.001")), "sell", ["REDUCE_EXCEEDS_POSITION"]),
        (Holding(amount=D(1)), "buy", ["REDUCE_EXCEEDS_POSITION"]),
        (Holding(amount=D(-1)), "buy", []),
        (Holding(amount=D(1), leaving=D(3)), "sell", ["REDUCE_EXCEEDS_POSITION"]),
    ],
)
@pytest.mark.parametrize("purpose", ["reduce", "flatten"])
def test_exits_never_take_more_than_is_held_and_not_leaving(holding, side, expected, purpose):
    proposed = replace(EXIT, side=side, purpose=purpose)
    assert codes(proposed, surroundings(holding=holding)) == expected


def test_protection_may_overlap_an_exit_but_not_exceed_the_position():
    around = surroundings(holding=Holding(amount=D(1), leaving=D(1)))
    assert codes(replace(EXIT, purpose="protect"), around) == []
    too_much = replace(EXIT, purpose="protect", amount=D("1.001"))
    assert codes(too_much, around) == ["PROTECT_EXCEEDS_POSITION"]


@pytest.mark.parametrize(
    ("values", "price"),
    [
        ({}, D(100)),
        ({"price": None, "type": "market"}, D(100)),
        ({"price": None, "stop_price": D(102)}, D(102)),
        ({"side": "sell", "price": D(99)}, D(100)),
        ({"side": "sell", "price": D(101)}, D(101)),
    ],
)
def test_an_order_is_counted_at_its_worst_price(values, price):
    assert (
        judge(proposed=replace(ENTRY, **values), around=surroundings()).reservation_price == price
    )


def test_a_reservation_is_seen_by_the_next_of_the_batch():
    shared = {kind: Exposure() for kind in ("desk", "account")}
    slots = StopSlots()
    limits = {"desk": {"gross_exposure": D(150)}}
    first = surroundings(limits=limits, exposure=shared, slots=slots)
    second = surroundings(limits=limits, exposure=shared, slots=slots)
    reserve(proposed=ENTRY, judgement=judge(proposed=ENTRY, around=first), around=first)
    assert shared["desk"] == Exposure(gross_cost=D(100), open_orders=1)
    assert first.holding == Holding(entering_cost=D(100), stop_orders=1)
    assert slots.taken == 1
    assert codes(ENTRY, second) == ["GROSS_EXPOSURE"]


def test_a_denied_order_reserves_nothing():
    around = surroundings(trading_state="halted")
    reserve(proposed=ENTRY, judgement=judge(proposed=ENTRY, around=around), around=around)
    assert around == surroundings(trading_state="halted")


def test_an_exit_reserves_its_amount_and_no_exposure():
    around = surroundings(holding=Holding(amount=D(1)))
    around.exposure["bot"] = Exposure(gross_cost=None, open_orders=None)
    reserve(proposed=EXIT, judgement=judge(proposed=EXIT, around=around), around=around)
    assert around.holding == Holding(amount=D(1), leaving=D(1))
    assert around.exposure["desk"] == Exposure(open_orders=1)
    assert around.exposure["bot"] == Exposure(gross_cost=None, open_orders=None)
    assert codes(EXIT, around) == ["REDUCE_EXCEEDS_POSITION"]


def test_protection_is_not_new_exposure_but_takes_a_slot():
    around = surroundings(holding=Holding(amount=D(1)))
    stop = replace(EXIT, purpose="protect", type="stop_market", stop_price=D(50))
    reserve(proposed=stop, judgement=judge(proposed=stop, around=around), around=around)
    assert around.holding == Holding(amount=D(1), stop_orders=1)
    assert around.exposure["desk"] == Exposure(open_orders=1)


def test_defaults_bind_on_paper_and_are_missing_above():
    filled, missing = completed(by_scope={}, stage="paper")
    assert (filled, missing) == ({"desk": ALWAYS, "account": PAPER}, ())
    filled, missing = completed(by_scope={"bot": {"order_cost": D(7)}}, stage="testnet")
    assert filled == {"desk": ALWAYS, "bot": {"order_cost": D(7)}}
    assert missing == ("position_cost", "gross_exposure", "daily_loss", "open_orders")


def test_a_default_gives_way_to_what_people_set():
    by_scope = {"desk": {"price_collar": D("0.01")}, "bot": {name: D(1) for name in PAPER}}
    filled, missing = completed(by_scope=by_scope, stage="mainnet")
    assert filled["desk"] == ALWAYS | {"price_collar": D("0.01")}
    assert missing == ()


def test_the_documented_figures_are_the_code_s():
    figures = {"price_collar": "0.03", "data_age": "5", "leverage": "5", "liquidation_share": "0.8"}
    assert {name: D(value) for name, value in figures.items()} == ALWAYS
