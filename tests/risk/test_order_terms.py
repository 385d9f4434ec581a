"""What an order can be: each wrong combination is refused by its own code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from apps.risk.domain.forms import (
    Collateral,
    EffectiveLimits,
    Exposure,
    Holding,
    Margin,
    ProposedOrder,
    Reference,
    Rules,
    StopSlots,
    Surroundings,
)
from apps.risk.domain.judge import judge, reserve

D = Decimal
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ENTRY = ProposedOrder(
    UUID(int=1), UUID(int=2), 3, "entry", "buy", "limit", D(1), price=D(100),
    reference=Reference(D(100), 0.0),
)  # fmt: skip


def around(venue="binance", kind="spot", held="0", slots=None):
    return Surroundings(
        rules=Rules(D("0.01"), D("0.001"), D("0.001"), D(5), 5, True),
        holding=Holding(D(held)),
        exposure={name: Exposure() for name in ("desk", "account", "bot", "instrument")},
        limits=EffectiveLimits(),
        trading_state="active",
        slots=slots,
        venue=venue,
        kind=kind,
        market_now=NOW,
        margin=Margin(D(1), "cross", D("0.05"), Collateral(D(10_000))),
    )


def codes(proposed, **where):
    return [r.code for r in judge(proposed=proposed, around=around(**where)).refusals]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"type": "iceberg"}, ["TYPE_UNKNOWN", "NOT_AT_THIS_VENUE"]),
        ({"price": None}, ["PRICE_REQUIRED"]),
        ({"type": "market"}, ["PRICE_NOT_TAKEN"]),
        ({"stop_price": D(101)}, ["STOP_PRICE_NOT_TAKEN"]),
        ({"type": "stop_market", "price": None}, ["STOP_PRICE_REQUIRED"]),
        ({"type": "trailing_stop_market", "price": None}, ["TRAILING_RATE_REQUIRED"]),
        ({"type": "trailing_stop_market", "price": None, "trailing_rate": D("0.3")}, ["TRAILING_OUT_OF_RANGE"]),
        ({"type": "trailing_stop_market", "price": None, "trailing_rate": D("0.01")}, []),
        ({"type": "trailing_stop_market", "price": None, "trailing_rate": D("0.01005")}, ["TRAILING_OFF_STEP"]),
        ({"type": "stop_limit", "stop_price": D(101)}, []),
        ({"type": "stop_limit", "stop_price": D(99)}, ["TRIGGER_WRONG_SIDE"]),
        ({"type": "stop_limit", "stop_price": D(100)}, ["TRIGGER_WRONG_SIDE"]),
        ({"type": "take_profit_limit", "stop_price": D(99)}, []),
        ({"type": "take_profit_limit", "stop_price": D(101)}, ["TRIGGER_WRONG_SIDE"]),
        ({"post_only": True}, []),
        ({"post_only": True, "time_in_force": "IOC"}, ["POST_ONLY_NEVER_IMMEDIATE"]),
        ({"post_only": True, "type": "market", "price": None}, ["POST_ONLY_NEEDS_LIMIT"]),
        ({"type": "market", "price": None, "time_in_force": "FOK"}, ["IMMEDIATE_NEEDS_LIMIT"]),
        ({"time_in_force": "IOC"}, []),
        ({"time_in_force": "FOK"}, []),
        ({"time_in_force": "DAY"}, ["TIME_IN_FORCE_UNKNOWN", "NOT_AT_THIS_VENUE"]),
        ({"time_in_force": "GTD"}, ["EXPIRY_REQUIRED"]),
        ({"time_in_force": "GTD", "expires_at": NOW}, ["EXPIRY_PAST"]),
        ({"time_in_force": "GTD", "expires_at": LATER}, []),
        ({"expires_at": LATER}, ["EXPIRY_NEEDS_GTD"]),
        ({"worst_price": D("100.005")}, ["PRICE_OFF_TICK"]),
        ({"worst_price": D("NaN")}, ["NOT_A_NUMBER"]),
    ],
)  # fmt: skip
def test_terms_that_do_not_fit_are_refused_by_name(change, expected):
    assert codes(replace(ENTRY, **change)) == expected


def test_a_venue_without_a_feature_refuses_it_and_an_unknown_venue_refuses_all():
    assert codes(ENTRY, venue="nowhere") == ["NOT_AT_THIS_VENUE", "NOT_AT_THIS_VENUE"]
    assert codes(ENTRY, kind="linear") == ["NOT_AT_THIS_VENUE", "NOT_AT_THIS_VENUE"]
    assert codes(replace(ENTRY, reduce_only=True), venue="binanceusdm", kind="linear") == []


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "passes"),
    [
        ("sell", "stop_market", 99, True), ("sell", "stop_market", 101, False),
        ("sell", "take_profit_market", 101, True), ("sell", "take_profit_market", 99, False),
        ("buy", "stop_market", 101, True), ("buy", "stop_market", 99, False),
        ("buy", "take_profit_market", 99, True), ("buy", "take_profit_market", 101, False),
    ],
)  # fmt: skip
def test_a_trigger_lies_where_it_does_not_fire_at_once(side, kind, trigger, passes):
    held = "1" if side == "sell" else "-1"
    order = replace(
        ENTRY, purpose="protect", side=side, type=kind, price=None, stop_price=D(trigger)
    )
    assert codes(order, held=held) == ([] if passes else ["TRIGGER_WRONG_SIDE"])


def test_a_stop_entry_takes_its_own_slot_and_that_of_its_stop():
    slots = StopSlots(3)
    stop = replace(ENTRY, type="stop_limit", stop_price=D(101))
    assert codes(stop, slots=slots) == []
    reserve(
        proposed=stop, judgement=judge(proposed=stop, around=around()), around=around(slots=slots)
    )
    assert slots.taken == 5
    assert codes(ENTRY, slots=slots) == ["STOP_SLOTS"]
    assert codes(stop, slots=StopSlots(4)) == ["STOP_SLOTS"]
