"""Parameters are refused with the code and the number that would pass."""

from __future__ import annotations

import pytest

from apps.core.errors import DeskError
from apps.strategies.domain.parameters import parse_parameters, schema
from apps.strategies.domain.registry import CATALOGUE, strategy_named


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_defaults_fit_their_own_schema(name: str) -> None:
    strategy = strategy_named(name)
    properties = schema(strategy)["properties"]
    defaults = {key: rule["default"] for key, rule in properties.items()}
    assert (
        parse_parameters(strategy, defaults)
        == parse_parameters(strategy, {})
        == strategy.Parameters()
    )
    assert all(
        set(rule) == {"type", "default", "title", "help", "min", "max"}
        for rule in properties.values()
    )


@pytest.mark.parametrize(
    ("name", "raw", "code", "field"),
    [
        ("sma_cross", {"speed": 3}, "UNKNOWN_PARAMETER", "speed"),
        ("sma_cross", {"fast": "10"}, "PARAMETER_WRONG_TYPE", "fast"),
        ("sma_cross", {"fast": True}, "PARAMETER_WRONG_TYPE", "fast"),
        ("sma_cross", {"fast": 10.0}, "PARAMETER_WRONG_TYPE", "fast"),
        ("sma_cross", {"fast": None}, "PARAMETER_WRONG_TYPE", "fast"),
        ("sma_cross", {"fast": 1}, "PARAMETER_OUT_OF_RANGE", "fast"),
        ("sma_cross", {"slow": 501}, "PARAMETER_OUT_OF_RANGE", "slow"),
        ("sma_cross", {"fast": 30, "slow": 30}, "PARAMETER_OUT_OF_RANGE", "fast"),
        ("sma_cross", [1], "PARAMETER_WRONG_TYPE", "parameters"),
        ("ema_trend", {"fast": 60}, "PARAMETER_OUT_OF_RANGE", "fast"),
        ("mean_reversion", {"width": float("nan")}, "PARAMETER_OUT_OF_RANGE", "width"),
        ("mean_reversion", {"width": float("inf")}, "PARAMETER_OUT_OF_RANGE", "width"),
        (
            "mean_reversion",
            {"oversold": 50, "overbought": 50},
            "PARAMETER_OUT_OF_RANGE",
            "oversold",
        ),
    ],
)
def test_a_bad_parameter_is_named(name: str, raw: object, code: str, field: str) -> None:
    with pytest.raises(DeskError) as refused:
        parse_parameters(strategy_named(name), raw)
    assert (refused.value.code, refused.value.context["field"]) == (code, field)


def test_a_whole_number_passes_where_a_number_is_wanted() -> None:
    assert parse_parameters(strategy_named("mean_reversion"), {"width": 2}).width == 2.0


def test_an_unknown_strategy_says_which_exist() -> None:
    with pytest.raises(DeskError) as refused:
        strategy_named("martingale")
    assert refused.value.code == "UNKNOWN_STRATEGY"
    assert refused.value.context["known"] == sorted(CATALOGUE)
