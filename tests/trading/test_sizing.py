"""Sizes fit the instrument and never exceed what the config or the equity allow."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.bots.domain.sizing import Protected, Sizing
from apps.risk.domain.forms import Rules
from apps.trading.domain.sizing import Grounds, size, yearly_volatility
from tests.strategies.candle_sources import from_closes, random_walk

STOP = Protected(Decimal("0.05"))
RULES = Rules(Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(5), 5, True)


def grounds(**values) -> Grounds:
    return Grounds(**{"price": Decimal(100), "equity": Decimal(10_000), "rules": RULES} | values)


@pytest.mark.parametrize(
    ("sizing", "amount"),
    [
        (Sizing("fixed_cost", Decimal(1000)), "10"),
        (Sizing("equity_fraction", Decimal("0.2")), "20"),
        (Sizing("risk_per_trade", Decimal("0.01")), "20"),
        (Sizing("risk_per_trade", Decimal("0.05")), "50"),
        (Sizing("volatility_target", Decimal("0.1")), "20"),
        (Sizing("volatility_target", Decimal("0.1"), max_fraction=Decimal("0.1")), "10"),
    ],
)
def test_each_mode_gives_its_amount(sizing: Sizing, amount: str) -> None:
    sized = size(exposure=1.0, sizing=sizing, protection=STOP, grounds=grounds(volatility=0.5))
    assert (sized.amount, sized.code) == (Decimal(amount), None)
    half = size(exposure=0.5, sizing=sizing, protection=STOP, grounds=grounds(volatility=0.5))
    assert half.amount == Decimal(amount) / 2


@pytest.mark.parametrize(
    ("sizing", "values", "code"),
    [
        (Sizing("fixed_cost", Decimal(1000)), {"equity": None}, "EQUITY_UNREADABLE"),
        (Sizing("fixed_cost", Decimal(5001)), {}, "POSITION_SHARE_TOO_LARGE"),
        (Sizing("fixed_cost", Decimal(4)), {}, "SIZE_BELOW_MINIMUM"),
        (Sizing("equity_fraction", Decimal("0.2")), {"equity": Decimal(-3)}, "SIZE_BELOW_MINIMUM"),
        (Sizing("volatility_target", Decimal(1)), {}, "VOLATILITY_UNREADABLE"),
    ],
)
def test_what_cannot_be_sized_is_nothing_with_a_code(
    sizing: Sizing, values: dict, code: str
) -> None:
    sized = size(exposure=1.0, sizing=sizing, protection=STOP, grounds=grounds(**values))
    assert (sized.amount, sized.code["code"]) == (0, code)


def test_flat_and_short_opinions_hold_nothing_on_spot() -> None:
    for exposure in (0.0, -1.0):
        sized = size(
            exposure=exposure, sizing=Sizing("fixed_cost", Decimal(1)), protection=STOP,
            grounds=grounds(equity=None),
        )  # fmt: skip
        assert (sized.amount, sized.code) == (0, None)


decimals = st.decimals(min_value="0.0001", max_value="100000", places=4)


@given(
    mode=st.sampled_from(["fixed_cost", "equity_fraction", "risk_per_trade", "volatility_target"]),
    value=st.decimals(min_value="0.0001", max_value="0.5", places=4),
    price=decimals, equity=decimals, exposure=st.floats(0, 1), step=st.sampled_from(["1", "0.01", "0.00001"]),
    volatility=st.floats(0.01, 5) | st.none(),
)  # fmt: skip
def test_a_size_is_on_the_step_above_the_minima_and_within_half_of_the_equity(
    mode, value, price, equity, exposure, step, volatility
) -> None:
    rules = Rules(Decimal("0.01"), Decimal(step), Decimal(step), Decimal(5), 5, True)
    given_grounds = Grounds(price, equity, rules, volatility)
    sized = size(
        exposure=exposure, sizing=Sizing(mode, value), protection=STOP, grounds=given_grounds
    )
    assert sized.amount >= 0
    assert sized.amount % Decimal(step) == 0
    assert sized.amount * price <= equity / 2
    if sized.amount:
        assert sized.code is None
        assert sized.amount * price >= 5
    elif exposure > 0:
        assert sized.code is not None


def test_volatility_needs_thirty_returns_and_some_movement() -> None:
    assert yearly_volatility(random_walk(30)) is None
    assert yearly_volatility(from_closes(np.full(100, 5.0))) is None
    daily = yearly_volatility(random_walk(1000, seed=4, volatility=0.02, timeframe="1d"))
    assert 0.25 < daily < 0.55
