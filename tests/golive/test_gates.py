"""Gates: measured by the desk, and no data never passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.core.clock import now
from apps.golive.domain.gates import (
    THRESHOLDS,
    WORDS,
    Measured,
    all_pass,
    judge_gates,
    not_passed,
)
from apps.golive.queries import gates_of, touches_real_money
from apps.marketdata.models import MarketClock
from apps.portfolio.models import RoundTrip
from apps.reconciliation.models import Case, Comparison
from tests.factories import make_config, make_strategy_version
from tests.golive.evidence import add_cycles, compare, give_evidence, hold, ready_bot, unknown_order

GOOD = Measured(
    config_problem=None, limits_missing=(), limits_required=5, seconds_in_stage=20 * 86_400,
    round_trips=20, round_trips_reconciled=20, cycles=10, cycles_failed=0, orders=40,
    orders_unknown=0, critical_cases=0, orders_compared_age=3.0, balances_compared_age=30.0,
    balances_different=0, positions=2, positions_protected=2, stops_placed=20, wants_protection=True,
)  # fmt: skip


def results(**changes) -> dict[str, str]:
    found = judge_gates(measured=replace(GOOD, **changes), to_stage="testnet")
    return {gate.gate: gate.result for gate in found}


def test_the_defaults_are_those_of_the_table() -> None:
    asked = {stage: (t.days, t.round_trips) for stage, t in THRESHOLDS.items()}
    assert asked == {"testnet": (14, 20), "small_capital": (7, 20), "mainnet": (2, 1)}


def test_all_gates_pass_on_good_evidence_and_each_has_words() -> None:
    assert set(results().values()) == {"pass"}
    assert results().keys() == WORDS.keys()


@pytest.mark.parametrize(
    ("gate", "changes", "result"),
    [
        ("config_valid", {"config_problem": "no config"}, "fail"),
        ("limits_present", {"limits_missing": ("daily_loss",)}, "fail"),
        ("time_in_stage", {"seconds_in_stage": 14 * 86_400 - 1}, "fail"),
        ("time_in_stage", {"seconds_in_stage": 14 * 86_400}, "pass"),
        ("round_trips", {"round_trips": 0, "round_trips_reconciled": 0}, "inconclusive"),
        ("round_trips", {"round_trips_reconciled": 19}, "fail"),
        ("failed_cycles", {"cycles": 0}, "inconclusive"),
        ("failed_cycles", {"cycles_failed": 1}, "fail"),
        ("orders_reconcile", {"critical_cases": 1}, "fail"),
        ("orders_reconcile", {"orders_compared_age": None}, "inconclusive"),
        ("orders_reconcile", {"orders_compared_age": 301.0}, "inconclusive"),
        ("balances_reconcile", {"balances_compared_age": None}, "inconclusive"),
        ("balances_reconcile", {"balances_different": 1}, "fail"),
        ("unknown_orders", {"orders": 0}, "inconclusive"),
        ("unknown_orders", {"orders_unknown": 1}, "fail"),
        ("protection", {"positions_protected": 1}, "fail"),
        ("protection", {"positions": 0, "positions_protected": 0}, "pass"),
        (
            "protection",
            {"positions": 0, "positions_protected": 0, "stops_placed": 0},
            "inconclusive",
        ),
        ("protection", {"wants_protection": False}, "fail"),
    ],
)
def test_one_bad_measure_changes_exactly_its_gate(gate, changes, result) -> None:
    found = results(**changes)
    assert found.pop(gate) == result
    assert set(found.values()) == {"pass"}


def test_inconclusive_never_passes_and_neither_do_no_gates() -> None:
    found = judge_gates(measured=replace(GOOD, cycles=0), to_stage="testnet")
    assert not all_pass(found)
    assert not_passed(found) == ["failed_cycles: inconclusive"]
    assert not all_pass([])


pytest_db = pytest.mark.django_db


def measured(bot, to_stage="testnet") -> dict[str, tuple[str, str]]:
    return {
        gate.gate: (gate.result, gate.measured) for gate in gates_of(bot=bot, to_stage=to_stage)
    }


@pytest_db
def test_a_ready_bot_passes_every_gate() -> None:
    found = measured(ready_bot())
    assert {gate: result for gate, (result, _) in found.items() if result != "pass"} == {}


@pytest_db
def test_a_new_bot_passes_no_gate_that_needs_evidence() -> None:
    bot = ready_bot(days=0, stage_evidence=False)
    found = measured(bot)
    assert {gate for gate, (result, _) in found.items() if result == "pass"} == {
        "config_valid", "limits_present",
    }  # fmt: skip


@pytest_db
def test_trades_of_another_stage_or_not_reconciled_do_not_count() -> None:
    bot = ready_bot(stage_evidence=False)
    give_evidence(bot, round_trips=19)
    trip = RoundTrip.objects.filter(bot=bot).first()
    for values in ({"stage": "testnet"}, {"reconciled_at": None}):
        fields = {f.attname: getattr(trip, f.attname) for f in trip._meta.fields if f.name != "id"}
        RoundTrip.objects.create(**fields | values)
    assert measured(bot)["round_trips"] == ("fail", "19 of 20")


@pytest_db
def test_cycles_cases_orders_and_limits_are_read_from_their_rows() -> None:
    bot = ready_bot()
    add_cycles(bot, count=1, status="failed")
    unknown_order(bot)
    Case.objects.create(
        account=bot.account, kind="foreign_order", severity="critical", subject="x",
        opened_at=now(), seen_at=now(),
    )  # fmt: skip
    found = measured(bot)
    assert found["failed_cycles"] == ("fail", "1")
    assert found["unknown_orders"] == ("fail", "1")
    assert found["orders_reconcile"] == ("fail", "1 open critical cases")


@pytest_db
def test_an_old_or_failed_comparison_is_no_data() -> None:
    bot = ready_bot()
    Comparison.objects.all().delete()
    compare(bot, started_at=now() - timedelta(minutes=6), finished_at=now() - timedelta(minutes=6))
    compare(bot, error="READ_FAILED")
    found = measured(bot)
    assert found["orders_reconcile"][0] == found["balances_reconcile"][0] == "inconclusive"
    compare(bot, equal=2)
    assert measured(bot)["balances_reconcile"] == ("fail", "1 different")


@pytest_db
def test_a_position_needs_a_resting_stop_for_all_of_it() -> None:
    bot = ready_bot()
    hold(bot, amount="1", protected="0.5")
    assert measured(bot)["protection"] == ("fail", "0 of 1 positions")


@pytest_db
def test_a_fully_protected_position_passes() -> None:
    bot = ready_bot()
    hold(bot, amount="1", protected="1")
    assert measured(bot)["protection"] == ("pass", "1 of 1 positions")


@pytest_db
def test_time_in_stage_is_market_time() -> None:
    bot = ready_bot(days=1)
    assert measured(bot)["time_in_stage"] == ("fail", "1.0 days")
    MarketClock.objects.create(now=now() + timedelta(days=13))
    assert measured(bot)["time_in_stage"][0] == "pass"


@pytest_db
def test_a_config_of_older_code_is_not_valid() -> None:
    bot = ready_bot()
    make_config(bot, strategy_version=make_strategy_version(source_hash="0" * 64))
    assert measured(bot)["config_valid"] == ("fail", "the strategy's code has changed")


@pytest_db
def test_a_limit_touches_real_money_where_it_bounds_such_a_bot() -> None:
    bot = ready_bot()
    for scope in (("desk", ""), ("bot", str(bot.pk)), ("account", str(bot.account_id))):
        assert not touches_real_money(scope_kind=scope[0], scope_id=scope[1])
