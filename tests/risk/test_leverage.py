"""Perpetuals are entered within leverage, margin and a liquidation price beyond the stop."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from apps.risk.domain.forms import (
    Collateral,
    EffectiveLimits,
    Exposure,
    Holding,
    Margin,
    ProposedOrder,
    Reference,
    Rules,
    Surroundings,
)
from apps.risk.domain.judge import judge, reserve

D = Decimal
# 1000 of value, 200 of margin
ENTRY = ProposedOrder(
    UUID(int=1), UUID(int=2), 3, "entry", "sell", "market", D(10), reference=Reference(D(100), 0.0)
)


def around(*, equity="500", used="0", value="0", limits=None, **margin):
    terms = {
        "leverage": D(5), "mode": "isolated", "stop_loss": D("0.05"),
        "maintenance_rate": D("0.005"), "leverage_max": D(50),
    }  # fmt: skip
    collateral = Collateral(None if equity is None else D(equity), D(used), D(value))
    return Surroundings(
        rules=Rules(D("0.01"), D("0.001"), D("0.001"), D(5), 5, True),
        holding=Holding(),
        exposure={name: Exposure() for name in ("desk", "account", "bot", "instrument")},
        limits=EffectiveLimits({"desk": {name: D(v) for name, v in (limits or {}).items()}}),
        trading_state="active",
        venue="binanceusdm",
        kind="linear",
        margin=Margin(collateral=collateral, **terms | margin),
    )


@pytest.mark.parametrize(
    ("surroundings", "code", "would_pass"),
    [
        (around(leverage=D(6)), "LEVERAGE_LIMIT", D(5)),
        (around(leverage_max=D(3)), "LEVERAGE_AT_VENUE", D(3)),
        (around(limits={"leverage": "2"}), "LEVERAGE_LIMIT", D(2)),
        (around(used="400"), "MARGIN_UNAVAILABLE", D(100)),
        (around(equity=None), "MARGIN_UNREADABLE", None),
        (around(problem="not yet set at the venue"), "LEVERAGE_NOT_SET", None),
        # isolated: 1/5 - 0.005 = 0.195 of the price away
        (around(stop_loss=D("0.195")), "LIQUIDATION_BEFORE_STOP", D("0.195")),
        (around(stop_loss=D("0.16")), "LIQUIDATION_TOO_NEAR", D("0.156")),
        # cross: 500 of equity for 1000 + 9000 of value: 0.05 - 0.005
        (around(mode="cross", value="9000"), "LIQUIDATION_BEFORE_STOP", D("0.045")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_entry_on_margin_is_refused_for(surroundings, code, would_pass):
    [refusal] = judge(proposed=ENTRY, around=surroundings).refusals
    assert refusal.code == code
    assert refusal.values.get("would_pass") == would_pass


def test_a_sane_entry_passes_and_the_next_one_sees_its_margin():
    surroundings = around()
    for expected in ([], [], ["MARGIN_UNAVAILABLE"]):
        judgement = judge(proposed=ENTRY, around=surroundings)
        assert [refusal.code for refusal in judgement.refusals] == expected
        reserve(proposed=ENTRY, judgement=judgement, around=surroundings)
    margin = surroundings.margin
    assert (margin.collateral.used, margin.collateral.value) == (400, 2000)


def test_nothing_known_of_the_margin_refuses_entries_and_never_exits():
    blind = replace(around(), margin=None)
    assert [r.code for r in judge(proposed=ENTRY, around=blind).refusals] == ["MARGIN_UNREADABLE"]
    blind.holding = Holding(D(-10))
    leaving = replace(ENTRY, purpose="reduce", side="buy", reduce_only=True)
    assert judge(proposed=leaving, around=blind).is_allowed
