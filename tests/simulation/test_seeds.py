"""T2: two hundred seeds, every fault by chance; and the same seed is the same story."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.checks import broken_invariants
from tests.simulation.seeded import run_seed

ROOT = Path(__file__).resolve().parents[2]
SEEDS_EACH = 10
BUG_SEEDS_MAX = 500
REPLAY = "make soak FIRST={seed} SEEDS=1"


@pytest.mark.parametrize("first", range(1, 201, SEEDS_EACH))
def test_five_bots_and_sixty_orders_survive_every_fault_from_seed(first: int, simulated) -> None:
    wrong = {}
    for seed in range(first, first + SEEDS_EACH):
        result = run_seed(simulated, seed)
        broken = [f"{name} {rows[:2]}" for name, rows in broken_invariants().items()]
        if result.violations or broken:
            wrong[REPLAY.format(seed=seed)] = result.violations[:5] + broken
    assert wrong == {}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_simulation_finds_the_planted_bug(bug, simulated, capsys) -> None:
    for seed in range(1, BUG_SEEDS_MAX + 1):
        result = run_seed(simulated, seed, border=bug)
        if result.violations or broken_invariants():
            with capsys.disabled():
                print(f"\n{bug.__name__}: found at seed {seed}")
            return
    pytest.fail(f"{bug.__name__} was not found in {BUG_SEEDS_MAX} seeds")


def test_the_same_seed_gives_the_same_bytes_in_two_processes(embedded_servers) -> None:
    digests = []
    for hash_seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation.soak", "--seeds=2", "--first=7", "--digests",
             "--processes=1"],
            cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True,
            text=True, check=True, timeout=240,
        )  # fmt: skip
        digests.append([line for line in done.stdout.splitlines() if line.startswith("trace ")])
    assert len(digests[0]) == 2
    assert digests[0] == digests[1]
    assert all(len(line.split()[2]) == hashlib.sha256().digest_size * 2 for line in digests[0])
