"""T1: every sequence of up to three faults on one order's path, by the first of them."""

from __future__ import annotations

import itertools

import pytest

from tests.simulation.checks import broken_invariants
from tests.simulation.faults import SEQUENCE_KINDS, Sequence
from tests.simulation.sequences import sequences, walk


def test_there_are_1884_sequences() -> None:
    found = [s for first in SEQUENCE_KINDS for s in sequences(first)]
    assert len(found) == len(set(found)) == 12 + 144 + 1728


@pytest.mark.parametrize("first", SEQUENCE_KINDS)
def test_an_order_survives_every_sequence_that_begins_with(first: str, simulated) -> None:
    wrong = {}
    for number, kinds in enumerate(itertools.islice(sequences(first), None)):
        world = simulated.world(f"{first}-{number}".replace("_", "-"), Sequence(*kinds))
        found = walk(world)
        if found:
            wrong[kinds] = found
    assert wrong == {}
    assert broken_invariants() == {}
