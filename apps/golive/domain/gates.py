"""The gates: what the desk must have measured before a bot may climb.

A result is pass, fail or inconclusive. No data is inconclusive, and inconclusive never passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Result = Literal["pass", "fail", "inconclusive"]
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a climb to one stage asks for; `days` in the stage below, by market time."""

    days: float
    round_trips: int
    cycle_days: float = 7.0
    comparison_age_max: float = 300.0


# Stage that is climbed to → thresholds (`defaults.md`).
THRESHOLDS: Final[dict[str, Thresholds]] = {
    "testnet": Thresholds(days=14, round_trips=20),
    "small_capital": Thresholds(days=7, round_trips=20),
    "mainnet": Thresholds(days=2, round_trips=1),
}
WORDS: Final[dict[str, str]] = {
    "config_valid": "The running config is valid for today's code",
    "limits_present": "Every required limit is set",
    "time_in_stage": "Time in the present stage",
    "round_trips": "Trades closed in this stage and found equal at the venue",
    "failed_cycles": "Failed cycles of the last days",
    "orders_reconcile": "Orders equal the venue's; no critical case open",
    "balances_reconcile": "Ledger equals the venue's balances",
    "unknown_orders": "Orders whose fate is unknown",
    "protection": "Every position is protected at the venue",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the desk's own rows say about one bot. Ages and times in seconds; None is no data."""

    config_problem: str | None
    limits_missing: tuple[str, ...]
    limits_required: int
    seconds_in_stage: float
    round_trips: int
    round_trips_reconciled: int
    cycles: int
    cycles_failed: int
    orders: int
    orders_unknown: int
    critical_cases: int
    orders_compared_age: float | None
    balances_compared_age: float | None
    balances_different: int
    positions: int
    positions_protected: int
    stops_placed: int
    wants_protection: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's verdict: what was measured, against what, on how many samples."""

    gate: str
    result: Result
    measured: str
    threshold: str
    sample: int


def judge_gates(*, measured: Measured, to_stage: str) -> list[GateResult]:
    """Return the verdict of every gate for a climb to `to_stage`, in the order they are shown."""
    asked = THRESHOLDS[to_stage]
    return [
        _config(measured),
        _limits(measured),
        _time(measured, asked),
        _round_trips(measured, asked),
        _cycles(measured, asked),
        _orders_reconcile(measured, asked),
        _balances_reconcile(measured, asked),
        _unknown(measured),
        _protection(measured),
    ]


def all_pass(results: Sequence[GateResult]) -> bool:
    """Return whether every gate passes; no gates at all never pass."""
    return bool(results) and all(result.result == "pass" for result in results)


def not_passed(results: Sequence[GateResult]) -> list[str]:
    """Return `gate: result` of every gate that does not pass."""
    return [f"{r.gate}: {r.result}" for r in results if r.result != "pass"]


def _verdict(is_fine: bool) -> Result:  # noqa: FBT001 - a word for a truth
    return "pass" if is_fine else "fail"


def _config(m: Measured) -> GateResult:
    if m.config_problem is None:
        return GateResult("config_valid", "pass", "valid", "valid", 1)
    return GateResult("config_valid", "fail", m.config_problem[:80], "valid", 1)


def _limits(m: Measured) -> GateResult:
    words = f"missing: {', '.join(m.limits_missing)}" if m.limits_missing else "all set"
    found = m.limits_required - len(m.limits_missing)
    return GateResult(
        "limits_present", _verdict(not m.limits_missing), words[:80], "all set", found
    )


def _time(m: Measured, asked: Thresholds) -> GateResult:
    days = m.seconds_in_stage / DAY
    fine = _verdict(days >= asked.days)
    return GateResult(
        "time_in_stage", fine, f"{days:.1f} days", f"≥ {asked.days:g} days", int(days)
    )


def _round_trips(m: Measured, asked: Thresholds) -> GateResult:
    threshold = f"≥ {asked.round_trips} reconciled"
    words = f"{m.round_trips_reconciled} of {m.round_trips}"
    result: Result = _verdict(m.round_trips_reconciled >= asked.round_trips)
    if not m.round_trips:
        result, words = "inconclusive", "none yet"
    return GateResult("round_trips", result, words, threshold, m.round_trips)


def _cycles(m: Measured, asked: Thresholds) -> GateResult:
    threshold = f"0 in {asked.cycle_days:g} days"
    if not m.cycles:
        return GateResult("failed_cycles", "inconclusive", "no cycles", threshold, 0)
    result = _verdict(m.cycles_failed == 0)
    return GateResult("failed_cycles", result, f"{m.cycles_failed}", threshold, m.cycles)


def _age(seconds: float | None) -> str:
    return "never compared" if seconds is None else f"compared {seconds:.0f} s ago"


def _is_fresh(seconds: float | None, asked: Thresholds) -> bool:
    return seconds is not None and seconds <= asked.comparison_age_max


def _orders_reconcile(m: Measured, asked: Thresholds) -> GateResult:
    threshold = f"0 open, ≤ {asked.comparison_age_max:g} s old"
    if m.critical_cases:
        words = f"{m.critical_cases} open critical cases"
        return GateResult("orders_reconcile", "fail", words, threshold, m.critical_cases)
    result: Result = "pass" if _is_fresh(m.orders_compared_age, asked) else "inconclusive"
    return GateResult("orders_reconcile", result, _age(m.orders_compared_age), threshold, 0)


def _balances_reconcile(m: Measured, asked: Thresholds) -> GateResult:
    threshold = f"equal, ≤ {asked.comparison_age_max:g} s old"
    if not _is_fresh(m.balances_compared_age, asked):
        words = _age(m.balances_compared_age)
        return GateResult("balances_reconcile", "inconclusive", words, threshold, 0)
    words = f"{m.balances_different} different" if m.balances_different else "equal"
    result = _verdict(not m.balances_different)
    return GateResult("balances_reconcile", result, words, threshold, m.balances_different)


def _unknown(m: Measured) -> GateResult:
    if not m.orders:
        return GateResult("unknown_orders", "inconclusive", "no orders", "0", 0)
    result = _verdict(m.orders_unknown == 0)
    return GateResult("unknown_orders", result, f"{m.orders_unknown}", "0", m.orders)


def _protection(m: Measured) -> GateResult:
    threshold = "all of them"
    if not m.wants_protection:
        return GateResult("protection", "fail", "the config has no stop", threshold, 0)
    if m.positions:
        words = f"{m.positions_protected} of {m.positions} positions"
        result = _verdict(m.positions_protected == m.positions)
        return GateResult("protection", result, words, threshold, m.positions)
    if not m.stops_placed:
        return GateResult("protection", "inconclusive", "no stop was ever placed", threshold, 0)
    words = f"flat; {m.stops_placed} stops were placed"
    return GateResult("protection", "pass", words, threshold, m.stops_placed)
