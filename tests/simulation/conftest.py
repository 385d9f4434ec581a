"""The stage of the seeded simulation on the worker's own database."""

from __future__ import annotations

import pytest

from tests.simulation.stage import Stage, stage


@pytest.fixture
def simulated(transactional_db) -> Stage:
    with stage() as found:
        yield found
