"""Where the recorded requests and answers lie, and how to compare an answer with a recorded one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DESK_SHARED_DATA") or ROOT.parent / "shared" / "data")
FIXTURES = DATA / "venue_fixtures"
BINANCE = FIXTURES / "binance"
# Lists whose length is the business of each exchange.
OWN_LISTS = (
    "filters",
    "rateLimits",
    "permissionSets",
    "SelfTradePreventionModes",
    "permissions",
    "orderTypes",
    "timeInForce",
)
ABSENT = (
    f"no recorded exchange traffic at {BINANCE}; set DESK_SHARED_DATA to the shared data folder"
)


def group(name: str, *, venue: str = "binance") -> list[tuple[str, Any]]:
    """Return (name, case) of a group, empty where the recordings are absent."""
    path = FIXTURES / venue / f"{name}.json"
    if not path.is_file():
        return []
    cases = json.loads(path.read_text())["cases"]
    if isinstance(cases, dict):
        return list(cases.items())
    return [(case.get("id") or case["label"], case) for case in cases]


def recorded(cases: list[tuple[str, Any]]) -> pytest.MarkDecorator:
    """Parametrize a test with recorded cases; without recordings it is one skipped test."""
    if not cases:
        skipped = pytest.param(None, None, marks=pytest.mark.skip(reason=ABSENT), id="absent")
        return pytest.mark.parametrize(("name", "case"), [skipped])
    return pytest.mark.parametrize(("name", "case"), cases, ids=[name for name, _ in cases])


def differences(ours: Any, theirs: Any, *, missing: frozenset[str], path: str = "") -> list[str]:
    """Return where `ours` lacks a field of `theirs` or gives it another JSON type.

    Of lists the first items are compared; `missing` names fields that we leave out on purpose.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [
            f"{path}.{key} is missing" for key in theirs if key not in ours and key not in missing
        ]
        for key in theirs.keys() & ours.keys():
            found += differences(ours[key], theirs[key], missing=missing, path=f"{path}.{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        if path.endswith(OWN_LISTS) or not theirs or not ours:
            return []
        if isinstance(theirs[0], dict | list):
            return differences(ours[0], theirs[0], missing=missing, path=f"{path}[]")
        return (
            []
            if len(theirs) == len(ours)
            else [f"{path} has {len(ours)} fields, not {len(theirs)}"]
        )
    if kind(ours) != kind(theirs):
        return [f"{path} is {kind(ours)}, not {kind(theirs)}"]
    return []


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__
