"""domain/ is pure, and money never meets a float."""

from __future__ import annotations

import ast
import re

from django.apps import apps as registry
from django.db.models import FloatField

from tests.architecture.sources import Source, sources

# The rooms that hold orders, fills, ledger and limits. Trading meets a strategy's opinion, a float
# from -1 to 1, and golive meets durations; both turn what is money into Decimal before they use it.
FLOAT_FREE = {
    "core", "audit", "accounts", "approvals", "simulator", "bots", "risk", "orders", "portfolio",
    "reconciliation",
}  # fmt: skip
CANDLE_FILES = {"apps/simulator/domain/candles.py", "apps/simulator/domain/market_random.py"}
# Figures about how an order went, never reckoned with: milliseconds, basis points and shares.
MEASURED = {
    "orders.WireCall.duration_ms", "orders.QualityWatch.value",
    *(f"orders.OrderQuality.{name}" for name in (
        "slippage_bps", "submit_ms", "acknowledge_ms", "fill_ms", "fill_ratio", "maker_share", "fee_bps",
    )),
}  # fmt: skip
IMPURE_CALLS = {"open", "input", "print", "eval", "exec", "breakpoint"}
CLOCK_CALLS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}


def domains() -> list[Source]:
    return [source for source in sources() if str(source).startswith(f"apps/{source.app}/domain/")]


def about_durations(source: Source) -> set[int]:
    """Lines that only say how long something lasts or how old it is."""
    lines = enumerate(source.text.splitlines(), 1)
    return {n for n, line in lines if re.search(r"seconds|\bage\b|timedelta", line)}


def refusals(source: Source) -> set[int]:
    """Ids of the names in isinstance(…, float), which keep floats out."""
    return {
        id(inner)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
        for inner in ast.walk(node)
    }


def floats(source: Source) -> list[str]:
    durations, refused = about_durations(source), refusals(source)
    return [
        f"{source}:{node.lineno} {ast.unparse(node)}"
        for node in ast.walk(source.tree)
        if (
            (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
        )
        and node.lineno not in durations
        and id(node) not in refused
    ]


def test_no_float_enters_a_domain_that_knows_money() -> None:
    found = [
        line
        for source in domains()
        if source.app in FLOAT_FREE and str(source) not in CANDLE_FILES
        for line in floats(source)
    ]
    assert found == []


def test_only_candles_and_a_strategys_exposure_are_stored_as_floats() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in registry.get_models()
        for field in model._meta.concrete_fields
        if model.__module__.startswith("apps.") and isinstance(field, FloatField)
    }
    candle = {f"marketdata.Candle.{name}" for name in ("open", "high", "low", "close", "volume")}
    assert found - candle - {"bots.BotTarget.exposure"} - MEASURED == set()


def test_domain_does_no_input_or_output_and_reads_no_clock() -> None:
    found = []
    for source in domains():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            clock = tuple(name.split(".")[-2:]) in CLOCK_CALLS
            if name in IMPURE_CALLS or clock:
                found.append(f"{source}:{node.lineno} {name}()")
    assert found == []


def test_every_public_domain_function_and_every_action_has_a_docstring() -> None:
    found = [
        f"{source}:{node.lineno} {node.name}"
        for source in sources()
        if "domain" in source.path.parts
        or "actions" in source.path.parts
        or source.path.stem == "queries"
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert found == []
