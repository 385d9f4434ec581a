"""A config's execution terms and trailing stop: defaults in one place, refusals with what passes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.bots.domain.configs import ConfigContent, content_hash
from apps.bots.domain.execution import Execution, canonical, parse_execution
from apps.bots.domain.sizing import parse_protection
from apps.core.errors import InvalidInput


def test_what_is_not_set_has_its_default_and_is_not_stored() -> None:
    assert parse_execution({}) == Execution(Decimal(100), 600, "market", 2, 3)
    assert canonical({}) == {}
    assert canonical({"slippage_bps": "25.50", "exit_order_type": "limit"}) == {
        "exit_order_type": "limit", "slippage_bps": "25.5",
    }  # fmt: skip


def test_the_guard_is_wider_for_what_must_get_out() -> None:
    rates = {p: parse_execution({}).slippage_rate(p) for p in ("entry", "reduce", "flatten")}
    assert rates == {
        "entry": Decimal("0.01"), "reduce": Decimal("0.03"), "flatten": Decimal("0.1"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"slipage_bps": "1"}, "EXECUTION_FIELD_UNKNOWN"),
        ({"slippage_bps": "0"}, "EXECUTION_OUT_OF_RANGE"),
        ({"slippage_bps": "301"}, "EXECUTION_OUT_OF_RANGE"),
        ({"slippage_bps": 1.5}, "NOT_A_NUMBER"),
        ({"unfilled_timeout_seconds": "5.5"}, "EXECUTION_OUT_OF_RANGE"),
        ({"exit_order_type": "stop"}, "ORDER_TYPE_UNKNOWN"),
        ({"exit_failures": "0"}, "EXECUTION_OUT_OF_RANGE"),
    ],
)
def test_terms_out_of_range_are_refused(raw: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        parse_execution(raw)


def test_a_trailing_stop_never_risks_more_than_the_stop_loss() -> None:
    wide = {"stop_loss": "0.02", "trailing_stop": "0.03"}
    with pytest.raises(InvalidInput, match="TRAILING_WIDER_THAN_STOP") as refused:
        parse_protection(wide)
    assert refused.value.context["would_pass"] == "0.02"
    kept = parse_protection({"stop_loss": "0.05", "trailing_stop": "0.030"})
    assert kept.as_dict() == {"stop_loss": "0.05", "trailing_stop": "0.03"}


def test_a_content_without_execution_keeps_its_hash() -> None:
    content = ConfigContent("s", "1h", ("BTC/USDT",), {"mode": "x"}, {"stop_loss": "0.05"})
    assert "execution" not in content.as_dict()
    assert content_hash(content.as_dict()) == content_hash(
        {
            "strategy": "s", "timeframe": "1h", "symbols": ["BTC/USDT"], "sizing": {"mode": "x"},
            "protection": {"stop_loss": "0.05"}, "parameters": {},
        }
    )  # fmt: skip
