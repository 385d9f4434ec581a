"""Every code of the judge at its edge: the last value that passes and the first that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.risk.domain.forms import (
    EffectiveLimits,
    Holding,
    Reference,
)
from apps.risk.domain.judge import judge
from tests.risk.proposals import ENTRY, EXIT, RULES, D, codes, surroundings

NUMBERS_THAT_ARE_NONE = [D("NaN"), D("Infinity"), D("-Infinity"), D("1e999"), D("sNaN")]


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
