"""An order to judge and what stands around it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from apps.risk.domain.forms import (
    EffectiveLimits,
    Exposure,
    Holding,
    ProposedOrder,
    Reference,
    Rules,
    Surroundings,
)
from apps.risk.domain.judge import judge

D = Decimal
RULES = Rules(
    price_tick=D("0.01"), amount_step=D("0.001"), amount_min=D("0.01"), cost_min=D(5),
    stop_orders_max=5, is_tradable=True,
)  # fmt: skip
ENTRY = ProposedOrder(
    account_id=uuid4(), bot_id=uuid4(), instrument_id=1, purpose="entry", side="buy",
    type="limit", amount=D(1), price=D(100), reference=Reference(D(100), 1.0),
)  # fmt: skip
EXIT = replace(ENTRY, purpose="reduce", side="sell", type="market", price=None, reference=None)


LIMITS = {"desk": {"order_cost": D(1000), "position_cost": D(5000)}}


def surroundings(*, limits=None, **values) -> Surroundings:
    defaults = {
        "rules": RULES,
        "holding": Holding(),
        "exposure": {kind: Exposure() for kind in ("desk", "account", "bot", "instrument")},
        "limits": EffectiveLimits(LIMITS if limits is None else limits),
        "trading_state": "active",
    }
    return Surroundings(**defaults | values)


def codes(proposed, around) -> list[str]:
    return [refusal.code for refusal in judge(proposed=proposed, around=around).refusals]
