"""The stage of the seeded simulation on the worker's own database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from coverage import Coverage

from tests.simulation.stage import Stage, stage


@pytest.fixture
def simulated(transactional_db) -> Iterator[Stage]:
    """Thousands of scenarios run untraced: they pass the same lines as the tests before them."""
    tracing = []
    # the suite's own, and the one that every process starts for itself
    while (found := Coverage.current()) is not None:
        found.stop()
        tracing.append(found)
    try:
        with stage() as made:
            yield made
    finally:
        for each in reversed(tracing):
            each.start()
