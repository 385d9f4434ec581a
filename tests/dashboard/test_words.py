"""Every code that the desk gives a trader has a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.dashboard.domain.words import SENTENCES, explain

ROOT = Path(__file__).resolve().parents[2] / "apps"


def refusal_codes() -> set[str]:
    """Codes with which the judge refuses, and with which votes are refused."""
    sources = [*(ROOT / "risk/domain").rglob("*.py"), *(ROOT / "trading/domain").rglob("*.py")]
    return {
        code
        for path in sources
        for code in re.findall(r'Refusal\(\s*"([A-Z_]+)"', path.read_text())
    }


@pytest.mark.parametrize("code", sorted(refusal_codes() - {"NOT_A_NUMBER", "PURPOSE_UNKNOWN"}))
def test_a_refusal_code_has_a_sentence(code) -> None:
    assert code in SENTENCES


def test_the_symbol_comes_first_and_the_values_last() -> None:
    words = explain({"symbol": "BTC/USDT", "code": "ORDER_COST", "limit": "100", "value": "120"})
    assert words == "BTC/USDT: The order would cost more than one order may. (limit 100, value 120)"
