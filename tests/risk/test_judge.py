"""Every code of the judge at its edge: the last value that passes and the first that does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from apps.risk.domain.defaults import ALWAYS, PAPER, completed
from apps.risk.domain.forms import (
    EffectiveLimits,
    Exposure,
    Holding,
    ProposedOrder,
    Reference,
    Rules,
    StopSlots,
    Surroundings,
)
from apps.risk.domain.judge import judge, reserve

D = Decimal

RULES = Rules(
    price_tick=D("0.01"), amount_step=D("0.001"), amount_min=D("0.01"), cost_min=D(5),
    stop_orders_max=5, is_tradable=True,
)  # fmt: skip
ENTRY = ProposedOrder(
    account_id=uuid4(), bot_id=uuid4(), instrument_id=1, purpose="entry", side="buy",
    type="limit", amount=D(1), price=D(100), reference=Reference(D(100), 1.0),
)  # fmt: skip
EXIT = replace(ENTRY, purpose="reduce", side="sell", type="market", price=None, reference=None)
LIMITS = {"desk": {"order_cost": D(1000), "position_cost": D(5000)}}
NUMBERS_THAT_ARE_NONE = [D("NaN"), D("Infinity"), D("-Infinity"), D("1e999"), D("sNaN")]


def surroundings(*, limits=None, **values) -> Surroundings:
    defaults = {
        "rules": RULES,
        "holding": Holding(),
        "exposure": {kind: Exposure() for kind in ("desk", "account", "bot", "instrument")},
        "limits": EffectiveLimits(LIMITS if limits is None else limits),
        "trading_state": "active",
    }
    return Surroundings(**defaults | values)


def codes(proposed, around) -> list[str]:
    return [refusal.code for refusal in judge(proposed=proposed, around=around).refusals]


def test_a_sound_entry_is_allowed_and_reserves_its_cost():
    judgement = judge(proposed=ENTRY, around=surroundings())
    assert judgement.is_allowed
    assert judgement.reservation_price == D(100)
    assert judgement.reserved_cost == D(100)


def test_judging_changes_nothing():
    around = surroundings()
    judge(proposed=ENTRY, around=around)
    assert around == surroundings()


@pytest.mark.parametrize("number", NUMBERS_THAT_ARE_NONE)
@pytest.mark.parametrize("field", ["amount", "price", "stop_price"])
@pytest.mark.parametrize("purpose", ["entry", "reduce", "protect", "flatten"])
def test_a_number_that_is_none_is_refused_for_every_purpose(number, field, purpose):
    proposed = replace(ENTRY, purpose=purpose, **{field: number})
    assert codes(proposed, surroundings()) == ["NOT_A_NUMBER"]


@pytest.mark.parametrize("field", ["amount", "price", "stop_price"])
@pytest.mark.parametrize("number", [D(0), D(-1)])
def test_amount_and_prices_must_be_positive(field, number):
    assert codes(replace(ENTRY, **{field: number}), surroundings()) == ["NOT_POSITIVE"]


@pytest.mark.parametrize("number", [*NUMBERS_THAT_ARE_NONE, D(0), D(-5)])
def test_a_reference_price_that_is_none_refuses_the_entry_and_not_the_exit(number):
    around = surroundings(holding=Holding(amount=D(1)))
    reference = Reference(number, 0.0)
    assert "PRICE_UNREADABLE" in codes(replace(ENTRY, reference=reference), around)
    assert codes(replace(EXIT, reference=reference), around) == []


@pytest.mark.parametrize("where", ["mark", "limit", "gross", "held"])
def test_a_nan_in_the_books_refuses_instead_of_passing_unseen(where):
    nan = D("NaN")
    around = surroundings(limits={"desk": {"position_cost": D(10), "gross_exposure": D(1000)}})
    if where == "mark":
        around.holding = Holding(amount=D(1), mark=nan)
    elif where == "held":
        around.holding = Holding(amount=nan, mark=D(1))
    elif where == "gross":
        around.exposure["desk"].gross_cost = nan
    else:
        around.limits = EffectiveLimits({"desk": {"gross_exposure": nan}})
    refused = judge(proposed=ENTRY, around=around)
    assert [r.code for r in refused.refusals] == ["NOT_A_NUMBER"]
    assert refused.reserved_cost == 0


def test_an_unknown_purpose_is_refused():
    assert codes(replace(ENTRY, purpose="gamble"), surroundings()) == ["PURPOSE_UNKNOWN"]


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("active", set()),
        ("reducing", {"entry"}),
        ("halted", {"entry", "reduce"}),
        (None, {"entry"}),
    ],
)
def test_each_trading_state_lets_its_purposes_through(state, refused):
    around = surroundings(trading_state=state, holding=Holding(amount=D(1)))
    code = "STATE_UNREADABLE" if state is None else f"TRADING_{state.upper()}"
    for proposed in (
        ENTRY,
        EXIT,
        replace(EXIT, purpose="protect"),
        replace(EXIT, purpose="flatten"),
    ):
        expected = [code] if proposed.purpose in refused else []
        assert codes(proposed, around) == expected, proposed.purpose


def test_a_paused_bot_may_leave_and_not_enter():
    around = surroundings(is_paused=True, holding=Holding(amount=D(1)))
    assert codes(ENTRY, around) == ["BOT_PAUSED"]
    assert codes(EXIT, around) == []


def test_an_instrument_that_is_not_traded_or_not_known_refuses_entries_only():
    holding = Holding(amount=D(1))
    delisted = surroundings(rules=replace(RULES, is_tradable=False), holding=holding)
    unknown = surroundings(rules=None, holding=holding)
    assert codes(ENTRY, delisted) == ["INSTRUMENT_NOT_TRADABLE"]
    assert codes(ENTRY, unknown) == ["RULES_UNREADABLE"]
    assert codes(EXIT, delisted) == []
    assert codes(EXIT, unknown) == []


def test_unreadable_limits_refuse_entries_and_let_exits_out():
    around = surroundings(holding=Holding(amount=D(1)))
    around.limits = None
    assert codes(ENTRY, around) == ["LIMITS_UNREADABLE"]
    assert codes(EXIT, around) == []


def test_limits_that_a_stage_demands_and_nobody_set_refuse_by_name():
    around = surroundings()
    around.limits = EffectiveLimits({}, missing=("order_cost", "daily_loss"))
    refusals = judge(proposed=ENTRY, around=around).refusals
    assert [(r.code, r.values["name"]) for r in refusals] == [
        ("LIMIT_MISSING", "order_cost"), ("LIMIT_MISSING", "daily_loss"),
    ]  # fmt: skip


def test_a_price_from_elsewhere_refuses_the_entry_and_not_the_exit():
    borrowed = Reference(D(100), 1.0, "kraken")
    entry = judge(proposed=replace(ENTRY, reference=borrowed), around=surroundings())
    assert [(r.code, r.values) for r in entry.refusals] == [
        ("PRICE_FROM_ELSEWHERE", {"value": "kraken"})
    ]
    leaving = judge(
        proposed=replace(EXIT, reference=borrowed), around=surroundings(holding=Holding(D(1)))
    )
    assert leaving.is_allowed


def test_no_reference_price_refuses():
    assert codes(replace(ENTRY, reference=None), surroundings()) == ["PRICE_UNREADABLE"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (5.0, []),
        (5.001, ["STALE_PRICE"]),
        (float("nan"), ["STALE_PRICE"]),
        (float("inf"), ["STALE_PRICE"]),
    ],
)
def test_a_price_older_than_its_limit_is_stale(age, expected):
    assert codes(replace(ENTRY, reference=Reference(D(100), age)), surroundings()) == expected


def test_a_tighter_data_age_binds():
    around = surroundings(limits={"desk": {"data_age": D(10)}, "bot": {"data_age": D(2)}})
    assert codes(replace(ENTRY, reference=Reference(D(100), 2.5)), around) == ["STALE_PRICE"]


@pytest.mark.parametrize(
    ("field", "price", "expected"),
    [
        ("price", "103", []),
        ("price", "103.01", ["PRICE_COLLAR"]),
        ("price", "97", []),
        ("price", "96.99", ["PRICE_COLLAR"]),
        ("stop_price", "103.01", ["PRICE_COLLAR"]),
        ("stop_price", "103", []),
    ],
)
def test_prices_stay_within_three_percent_of_the_reference(field, price, expected):
    kind = "stop_limit" if field == "stop_price" else "limit"
    assert codes(replace(ENTRY, type=kind, **{field: D(price)}), surroundings()) == expected


def test_a_collar_refusal_says_what_would_pass():
    refusal = judge(proposed=replace(ENTRY, price=D(110)), around=surroundings()).refusals[0]
    assert refusal.values == {"limit": D("0.03"), "value": D(110), "would_pass": [D(97), D(103)]}


def test_protection_far_from_the_market_passes_the_collar():
    stop = replace(
        EXIT,
        purpose="protect",
        type="stop_market",
        stop_price=D(50),
        reference=Reference(D(100), 0),
    )
    assert codes(stop, surroundings(holding=Holding(amount=D(1)))) == []


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0.05", []),
        ("0.01", ["COST_BELOW_MINIMUM"]),
        ("0.009", ["AMOUNT_BELOW_MINIMUM", "COST_BELOW_MINIMUM"]),
        ("1.0005", ["AMOUNT_OFF_STEP"]),
    ],
)
def test_amounts_follow_minimum_step_and_cost(amount, expected):
    assert codes(replace(ENTRY, amount=D(amount)), surroundings()) == expected


def test_a_cost_below_the_minimum_names_the_amount_that_would_pass():
    refusal = judge(proposed=replace(ENTRY, amount=D("0.01")), around=surroundings()).refusals[0]
    assert refusal.values == {
        "limit": D(5), "value": D("1.00"), "would_pass": D(5), "amount_would_pass": D("0.05"),
    }  # fmt: skip


def test_prices_follow_the_tick():
    off = replace(ENTRY, type="stop_limit", price=D("100.005"), stop_price=D("100.009"))
    refusals = judge(proposed=off, around=surroundings()).refusals
    assert [(r.code, r.values["would_pass"]) for r in refusals] == [
        ("PRICE_OFF_TICK", D("100.00")), ("PRICE_OFF_TICK", D("100.01")),
    ]  # fmt: skip


def test_exits_follow_step_and_minimum_too():
    around = surroundings(holding=Holding(amount=D(5)))
    assert codes(replace(EXIT, amount=D("0.0015")), around) == ["AMOUNT_BELOW_MINIMUM"]
    assert codes(replace(EXIT, amount=D("0.0115")), around) == ["AMOUNT_OFF_STEP"]


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
