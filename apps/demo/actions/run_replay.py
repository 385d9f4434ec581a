"""Drive one prepared desk through its recordings and say what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.demo.actions.lockstep import Lockstep
from apps.demo.actions.prepare_replay import ACCOUNT, prepare_replay
from apps.demo.actions.summarise import summarise
from apps.demo.domain.plan import ReplayPlan
from apps.simulator.gateways.control import ExchangeControl

Progress = Callable[[int, int], None]


def run_replay(*, plan: ReplayPlan, progress: Progress) -> dict[str, Any]:
    """Play the whole range in lock-step; `progress` is told (steps done, steps in all).

    Returns the summary: counts, profit, fees, checks and the digest of the end state.
    """
    control = ExchangeControl(url=settings.SIMULATOR_URL, token=settings.SIMULATOR_TOKEN)
    market = control.load(
        {
            "data": plan.data,
            "instruments": list(plan.instruments),
            "timeframe": plan.timeframe,
            "from": plan.from_ms,
            "to": plan.to_ms,
        }
    )
    first, last, length = int(market["from"]), int(market["to"]), TIMEFRAME_MS[plan.timeframe]
    prepared = prepare_replay(plan=plan, start_ms=first)
    driver = Lockstep(
        control=control,
        account_id=prepared.account_id,
        account_name=ACCOUNT,
        instrument_ids=prepared.instrument_ids,
        timeframe=plan.timeframe,
        is_linear=plan.is_linear,
    )
    started = time.monotonic()
    total = (last - first) // length
    for number in range(1, total + 1):
        driver.step(to_ms=first + number * length)
        progress(number, total)
        _hold_to_speed(plan, started, number * length)
    return summarise(driver=driver, seconds=time.monotonic() - started)


def _hold_to_speed(plan: ReplayPlan, started: float, played_ms: int) -> None:
    """Sleep while market time is ahead of `speed` × real time."""
    if plan.speed:
        ahead = played_ms / 1000 / plan.speed - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)
