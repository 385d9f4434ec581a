"""The shared rate budget in Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.errors import RateLimited
from apps.venues.gateways.families.base import Budget

LIMITS = Budget(weight_per_minute=600, orders_per_10_seconds=10, reserved_share=0.2)


@pytest.fixture
async def budgets(redis_server: object) -> Any:
    """Budgets of several processes that share one key at one address."""
    address, made = uuid4().hex, []

    def make(key: str = "k", limits: Budget = LIMITS) -> RateBudget:
        made.append(RateBudget(limits, address=address, key=key))
        return made[-1]

    yield make
    for budget in made:
        await budget.close()


Make = Callable[..., RateBudget]


async def test_two_processes_share_one_budget(budgets: Make) -> None:
    first, second = budgets(), budgets()

    assert (await first.admit_orders(entries=5, exits=0)).entries == 5
    assert (await second.admit_orders(entries=5, exits=0)).entries == 3
    assert (await budgets("other").admit_orders(entries=5, exits=0)).entries == 5


async def test_the_reserved_share_is_for_exits(budgets: Make) -> None:
    budget = budgets()
    spent = await budget.admit_orders(entries=20, exits=0)
    left = await budget.admit_orders(entries=1, exits=20)

    assert spent.entries == 8
    assert spent.wait > 0
    assert (left.entries, left.exits) == (0, 2)


async def test_tokens_come_back_with_time(budgets: Make) -> None:
    budget = budgets(limits=Budget(orders_per_10_seconds=100, reserved_share=0))
    assert (await budget.admit_orders(entries=100, exits=0)).entries == 100
    await asyncio.sleep(0.35)
    assert 2 <= (await budget.admit_orders(entries=100, exits=0)).entries <= 30


async def test_a_back_off_stops_everybody_with_that_key_until_it_is_over(budgets: Make) -> None:
    first, second = budgets(), budgets()
    await first.back_off(3)

    stopped = await second.admit_orders(entries=1, exits=1)
    assert (stopped.entries, stopped.exits) == (0, 0)
    assert 0 < stopped.wait <= 3
    started = time.monotonic()
    await second.wait_for_read(1)
    assert time.monotonic() - started > 0.5
    assert (await second.admit_orders(entries=1, exits=1)).exits == 1


async def test_a_read_that_would_wait_too_long_is_refused(budgets: Make) -> None:
    budget = budgets(limits=Budget(weight_per_minute=60))
    await budget.wait_for_read(60)
    with pytest.raises(RateLimited, match="BUDGET_SPENT"):
        await budget.wait_for_read(50)


async def test_without_redis_entries_wait_and_a_few_exits_go(budgets: Make, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    budget = budgets()

    admitted = await budget.admit_orders(entries=5, exits=5)
    assert (admitted.entries, admitted.exits) == (0, 1)
    await budget.wait_for_read(5)
    await budget.back_off(60)
    assert (await budget.admit_orders(entries=0, exits=1)).exits == 0
