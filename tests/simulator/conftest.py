from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.simulator import Simulator, simulator, simulators
from tests.simulator.knobs import Desk

__all__ = ["simulator", "simulators"]


@pytest.fixture
def desk(simulator: Simulator, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """An account of this test's own; no knob stays turned behind it."""
    yield Desk(simulator, request.node.name[-60:])
    simulator.control("DELETE", "faults")
