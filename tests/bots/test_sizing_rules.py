"""Sizing and protection are read exactly, and danger is refused with the number that would pass."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.bots.domain.sizing import Protected, Sizing, parse_protection, parse_sizing, refuse_danger
from apps.core.errors import DeskError


@pytest.mark.parametrize(
    ("raw", "sizing"),
    [
        ({"mode": "fixed_cost", "cost": "100"}, Sizing("fixed_cost", Decimal(100))),
        ({"mode": "equity_fraction", "fraction": "0.5"}, Sizing("equity_fraction", Decimal("0.5"))),
        (
            {
                "mode": "risk_per_trade",
                "fraction": "0.01",
                "order_type": "limit",
                "max_fraction": "0.2",
            },
            Sizing("risk_per_trade", Decimal("0.01"), "limit", Decimal("0.2")),
        ),
        ({"mode": "volatility_target", "volatility": 1}, Sizing("volatility_target", Decimal(1))),
    ],
)
def test_every_mode_is_read_and_written_back(raw: dict, sizing: Sizing) -> None:
    assert parse_sizing(raw) == sizing
    assert parse_sizing(sizing.as_dict()) == sizing


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({}, "SIZING_MODE_UNKNOWN"),
        (None, "SIZING_MODE_UNKNOWN"),
        ({"mode": "martingale"}, "SIZING_MODE_UNKNOWN"),
        ({"mode": "fixed_cost"}, "NOT_A_NUMBER"),
        ({"mode": "fixed_cost", "cost": 1.5}, "NOT_A_NUMBER"),
        ({"mode": "fixed_cost", "cost": "NaN"}, "NOT_A_NUMBER"),
        ({"mode": "fixed_cost", "cost": "0"}, "SIZING_OUT_OF_RANGE"),
        ({"mode": "fixed_cost", "cost": "1", "pyramiding": 2}, "SIZING_FIELD_UNKNOWN"),
        ({"mode": "fixed_cost", "cost": "1", "order_type": "iceberg"}, "ORDER_TYPE_UNKNOWN"),
        ({"mode": "equity_fraction", "fraction": "0.51"}, "POSITION_SHARE_TOO_LARGE"),
        ({"mode": "fixed_cost", "cost": "1", "max_fraction": "0.6"}, "POSITION_SHARE_TOO_LARGE"),
        ({"mode": "fixed_cost", "cost": "1", "max_fraction": "0"}, "SIZING_OUT_OF_RANGE"),
        ({"mode": "risk_per_trade", "fraction": "0.06"}, "SIZING_OUT_OF_RANGE"),
    ],
)
def test_a_sizing_that_does_not_fit_is_named(raw: dict, code: str) -> None:
    with pytest.raises(DeskError) as refused:
        parse_sizing(raw)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({}, "STOP_LOSS_REQUIRED"),
        ({"stop_loss": None}, "STOP_LOSS_REQUIRED"),
        ({"stop_loss": "0"}, "PROTECTION_OUT_OF_RANGE"),
        ({"stop_loss": "0.51"}, "PROTECTION_OUT_OF_RANGE"),
        ({"stop_loss": "0.05", "take_profit": "-1"}, "PROTECTION_OUT_OF_RANGE"),
        ({"stop_loss": "0.05", "trailing": "1"}, "PROTECTION_FIELD_UNKNOWN"),
    ],
)
def test_protection_needs_a_sane_stop(raw: dict, code: str) -> None:
    with pytest.raises(DeskError) as refused:
        parse_protection(raw)
    assert refused.value.code == code
    assert parse_protection({"stop_loss": "0.5"}) == Protected(Decimal("0.5"))


def test_risk_per_trade_with_a_near_stop_says_what_would_pass() -> None:
    near = Protected(Decimal("0.01"))
    with pytest.raises(DeskError) as refused:
        refuse_danger(
            sizing=Sizing("risk_per_trade", Decimal("0.02")), protection=near, equity=None
        )
    assert refused.value.context["would_pass"] == "0.005"
    fits = Sizing("risk_per_trade", Decimal("0.005"))
    refuse_danger(sizing=fits, protection=near, equity=None)


def test_a_fixed_cost_above_half_of_the_equity_says_what_would_pass() -> None:
    stop = Protected(Decimal("0.05"))
    with pytest.raises(DeskError) as refused:
        refuse_danger(
            sizing=Sizing("fixed_cost", Decimal(501)), protection=stop, equity=Decimal(1000)
        )
    assert refused.value.context["would_pass"] == "500"
    refuse_danger(sizing=Sizing("fixed_cost", Decimal(500)), protection=stop, equity=Decimal(1000))
    refuse_danger(sizing=Sizing("fixed_cost", Decimal(501)), protection=stop, equity=None)
