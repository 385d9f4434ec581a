"""`python -m tests.simulation.soak`: seeds without end, on databases of their own.

Prints the seeds run, the faults injected per kind, the virtual hours lived, the violations, and for
each failing seed the one command that plays it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A database grows with its seeds, and so does what some statements read.
SEEDS_A_DATABASE = 50
PROGRESS_EVERY = 100


@dataclass
class Tally:
    """What the seeds came to so far."""

    wanted: int
    started: float = field(default_factory=time.monotonic)
    seeds: int = 0
    orders: int = 0
    crashes: int = 0
    hours: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, said: dict[str, Any]) -> None:
        """Count one seed, say at once what it violates, and now and then how far it is."""
        self.seeds += 1
        self.orders += said["orders"]
        self.crashes += said["crashes"]
        self.hours += said["seconds"] / 3600
        self.struck.update(said["struck"])
        for words in said["violations"][:5]:
            self.failed.append(f"make soak FIRST={said['seed']} SEEDS=1  # {words}")
            print(self.failed[-1], flush=True)
        if self.seeds % PROGRESS_EVERY == 0:
            took = time.monotonic() - self.started
            print(
                f"{self.seeds} of {self.wanted} seeds, {sum(self.struck.values())} faults,"
                f" {len(self.failed)} violations, {self.seeds / took:.2f} seeds/s",
                flush=True,
            )

    def tell(self) -> int:
        """Print the sums; return the exit code."""
        took = time.monotonic() - self.started
        print(f"{self.seeds} seeds in {took:.0f} s, {self.hours:.1f} virtual hours")
        print(f"{self.orders} orders of bots, {self.crashes} processes that died")
        print(f"{sum(self.struck.values())} faults injected:")
        for kind, number in sorted(self.struck.items()):
            print(f"  {kind:20} {number}")
        print(f"{len(self.failed)} violations")
        for line in self.failed:
            print(f"  {line}")
        return int(bool(self.failed) or self.seeds < self.wanted)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--digests", action="store_true", help="print the SHA-256 of each trace")
    parser.add_argument("--trace", action="store_true", help="print what happened, line by line")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    wanted = options()
    number, _, count = (wanted.part or "0/1").partition("/")
    seeds = range(wanted.first + int(number), wanted.first + wanted.seeds, int(count))
    if wanted.part:
        for said in play(seeds):
            print(json.dumps(said | {"trace": ""}), flush=True)
        return 0
    tally = Tally(wanted.seeds)
    for said in play(seeds) if wanted.processes == 1 else spread(wanted):
        tally.add(said)
        if wanted.digests:
            print(f"trace {said['seed']} {said['digest']}")
        if wanted.trace:
            print(said["trace"])
    return tally.tell()


def spread(wanted: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Give each process every n-th seed and hand on what they say, as it comes."""
    ready = selectors.DefaultSelector()
    for number in range(wanted.processes):
        part = subprocess.Popen(
            [sys.executable, "-m", "tests.simulation.soak", f"--seeds={wanted.seeds}",
             f"--first={wanted.first}", f"--part={number}/{wanted.processes}"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert part.stdout is not None
        ready.register(part.stdout, selectors.EVENT_READ, part)
    while ready.get_map():
        for key, _ in ready.select():
            line = key.fileobj.readline()  # type: ignore[union-attr]
            if line:
                yield json.loads(line)
            else:
                ready.unregister(key.fileobj)
                key.data.wait()


def play(seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Play seeds one after the other; all invariants must hold after each."""
    # databases of this very process, also when a test started it
    os.environ["DESK_TEST_RUN"] = str(os.getpid())
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    # the suite's own settings, servers and databases; Django is set up by this import
    from tests import conftest
    from tests.databases import HOME, cloned
    from tests.simulation.checks import broken_invariants
    from tests.simulation.seeded import run_seed
    from tests.simulation.stage import stage
    from tradingdesk.embedded import ensure

    ensure(HOME, careless=True)
    for start in range(0, len(seeds), SEEDS_A_DATABASE):
        with cloned(conftest.NAMES), stage() as found:
            for seed in seeds[start : start + SEEDS_A_DATABASE]:
                result = run_seed(found, seed)
                broken = broken_invariants()
                yield {
                    "seed": seed, "orders": result.orders, "crashes": result.crashes,
                    "seconds": result.virtual_seconds, "struck": dict(result.struck),
                    "violations": result.violations
                    + [f"{name} {rows[:3]}" for name, rows in sorted(broken.items())],
                    "digest": hashlib.sha256(result.trace).hexdigest(),
                    "trace": result.trace.decode(),
                }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
