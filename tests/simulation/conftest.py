"""The stage of the seeded simulation on the worker's own database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from coverage import Coverage

from tests.simulation.stage import Stage, stage


@pytest.fixture
def simulated(transactional_db) -> Iterator[Stage]:
    """Thousands of scenarios run untraced: they pass the same lines as the tests before them."""
    tracing = Coverage.current()
    if tracing is not None:
        tracing.stop()
    try:
        with stage() as found:
            yield found
    finally:
        if tracing is not None:
            tracing.start()
