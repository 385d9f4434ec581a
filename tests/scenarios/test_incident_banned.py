"""Six bots on one address were banned: here they share one budget, which backs off for all."""

from __future__ import annotations

import asyncio

import pytest

from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.families.base import Budget

BOTS = 6


@pytest.mark.usefixtures("redis_server")
async def test_six_bots_on_one_address_stop_together_when_one_is_told_to(request) -> None:
    limits = Budget(weight_per_minute=600, orders_per_10_seconds=20)
    name = request.node.name
    # one object a process: what they share lives in Redis alone
    budgets = [RateBudget(limits, address=name, key=name) for _ in range(BOTS)]
    try:
        asked = [budget.admit_orders(entries=10, exits=0) for budget in budgets]
        granted = [answer.entries for answer in await asyncio.gather(*asked)]
        assert 0 < sum(granted) <= 20
        await budgets[0].back_off(30.0)
        after = [await budget.admit_orders(entries=1, exits=1) for budget in budgets]
        assert [(answer.entries, answer.exits) for answer in after] == [(0, 0)] * BOTS
        assert all(25 < answer.wait <= 30 for answer in after)
    finally:
        for budget in budgets:
            await budget.close()
