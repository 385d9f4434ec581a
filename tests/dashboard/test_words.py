"""Every code that the desk gives a trader has a sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from apps.dashboard.domain.words import SENTENCES, explain

ROOT = Path(__file__).resolve().parents[2] / "apps"
# The rooms whose refusals a person reads, and the layers that refuse.
ROOMS: Final = (
    "risk", "trading", "orders", "bots", "strategies", "reconciliation", "approvals", "supervision",
)  # fmt: skip
LAYERS: Final = ("domain", "actions", "queries")
# For programmers: an action was called outside its transaction, or a number is not one.
FOR_PROGRAMMERS: Final = {"ORDERS_OUTSIDE_TRANSACTION", "BOOKS_OUTSIDE_TRANSACTION"}
RAISED = re.compile(
    r"\b(?:Refusal|refuse|InvalidInput|Conflict|NotFound|NotPermitted|NeverSent|OutcomeUnknown"
    r'|DangerousConfig)\(\s*"([A-Z][A-Z_]+)"|default_code = "([A-Z][A-Z_]+)"|\breason="([A-Z][A-Z_]+)"'
)


def codes() -> set[str]:
    """Codes with which the checks, the actions and the queries of those rooms refuse."""
    found: set[str] = set()
    for room in ROOMS:
        for layer in LAYERS:
            paths = [*(ROOT / room / layer).rglob("*.py"), ROOT / room / f"{layer}.py"]
            for path in paths:
                if path.exists():
                    for match in RAISED.finditer(path.read_text()):
                        found.add(match[1] or match[2] or match[3])
    return found - FOR_PROGRAMMERS


def test_the_search_finds_codes_of_every_form() -> None:
    assert {
        "NOT_AT_THIS_VENUE",
        "LEVERAGE_LIMIT",
        "STOP_LOSS_REQUIRED",
        "TRADING_HALTED",
    } <= codes()


@pytest.mark.parametrize("code", sorted(codes()))
def test_a_code_has_a_sentence(code: str) -> None:
    assert code in SENTENCES


def test_the_symbol_comes_first_and_the_values_last() -> None:
    words = explain({"symbol": "BTC/USDT", "code": "ORDER_COST", "limit": "100", "value": "120"})
    assert words == "BTC/USDT: The order would cost more than one order may. (limit 100, value 120)"
