"""A stage a test: an exchange of its own, a desk's account on it."""

from __future__ import annotations

import pytest

from tests.fixtures.simulator import simulators
from tests.scenarios.market import Stage

__all__ = ["simulators"]
# Calm, up by 6 %, down by 9 %, up again.
WAVE = [
    50_000 * (1 + x / 100)
    for x in (0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 0, -2, -3, -3, -3, -1, 1, 3)
]


@pytest.fixture
def make_stage(simulators, settings, redis_server, tmp_path, request, django_db_setup):
    """Return a function that opens a stage on closes of its own."""
    opened: list[Stage] = []

    def make(closes: list[float] = WAVE) -> Stage:
        exchange = simulators()
        settings.SIMULATOR_URL = exchange.url
        stage = Stage(exchange, tmp_path / f"candles{len(opened)}", closes)
        opened.append(stage)
        return stage.open(request.node.name[:40])

    yield make
    for stage in opened:
        stage.forget()
        stage.simulator.stop()


@pytest.fixture
def stage(make_stage) -> Stage:
    return make_stage()
