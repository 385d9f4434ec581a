"""The crash matrix: every point of an order's road × every kind of failure, with real processes.

`python -m tests.chaos.matrix --runs 450` prints a table and ends with 1 when anything was violated.
It needs nothing but the suite's embedded servers, which it starts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests import conftest  # first: it names the databases before Django reads its settings
from tests.chaos.points import KINDS, POINTS, Point
from tests.chaos.stack import Stack, exchange
from tests.chaos.story import RECOVERY_SECONDS, Run, play
from tests.databases import HOME, cloned
from tradingdesk.embedded import ensure


def cases(runs: int, *, seed: int = 0) -> Iterator[tuple[Point, str, bool]]:
    """Yield (point, kind, whole): each pair in turn, kinds rotating.

    A signal ends the whole worker every fourth time, else the one child that does the work.
    """
    for number in range(seed, seed + runs):
        point = POINTS[number % len(POINTS)]
        lap = number // len(POINTS)
        kind = KINDS[(number + lap) % len(KINDS)]
        yield point, kind, number % 4 == 0


def table(runs: list[Run]) -> str:
    """Return one line for each point and kind: runs, violations, recovery p50 and p95 in seconds."""
    lines = [f"{'crash point':<32} {'kind':<15} runs violations   p50 s   p95 s"]
    for point in POINTS:
        for kind in KINDS:
            mine = [run for run in runs if (run.point, run.kind) == (point.name, kind)]
            if mine:
                wrong = sum(bool(run.violations) for run in mine)
                lines.append(
                    f"{point.name:<32} {kind:<15} {len(mine):>4} {wrong:>10} {figures(mine)}"
                )
    wrong = sum(bool(run.violations) for run in runs)
    lines.append(f"{'all':<32} {'':<15} {len(runs):>4} {wrong:>10} {figures(runs)}")
    return "\n".join(lines)


def figures(runs: list[Run]) -> str:
    took = sorted(run.recovered for run in runs if run.recovered is not None)
    if not took:
        return f"{'–':>7} {'–':>7}"
    return f"{statistics.median(took):>7.1f} {p95(took):>7.1f}"


def p95(took: list[float]) -> float:
    return sorted(took)[min(len(took) - 1, int(0.95 * len(took)))]


def main() -> int:
    """Play the runs asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=450)
    parser.add_argument("--from", dest="first", type=int, default=0, help="number of the first run")
    parser.add_argument("--seconds", type=float, default=0, help="end after so long; 0: never")
    options = parser.parse_args()
    began = time.monotonic()
    ensure(HOME, careless=True)
    done: list[Run] = []
    with cloned(conftest.NAMES), exchange() as simulator:
        stack = Stack(simulator, Path(tempfile.mkdtemp(prefix="chaos-")), hours=options.runs + 100)
        try:
            stack.wait_for_worker()
            for number, (point, kind, whole) in enumerate(cases(options.runs, seed=options.first)):
                if options.seconds and time.monotonic() - began > options.seconds:
                    break
                run = play(stack, point, kind, number=options.first + number, whole=whole)
                done.append(run)
                tell(options.first + number, run)
        finally:
            stack.close()
    print(table(done))
    wrong = [run for run in done if run.violations]
    slow = p95([run.recovered for run in done if run.recovered is not None] or [0.0])
    took = time.monotonic() - began
    print(
        f"{len(done)} runs in {took:.0f} s, {len(wrong)} with violations, recovery p95 {slow:.1f} s"
    )
    return 1 if wrong or slow > RECOVERY_SECONDS else 0


def tell(number: int, run: Run) -> None:
    took = "–" if run.recovered is None else f"{run.recovered:.1f} s"
    who = "worker" if run.whole else "child"
    print(f"{number:>4} {run.point:<32} {run.kind:<15} {who:<7} {took} {run.detail}", flush=True)
    for violation in run.violations:
        print(f"     VIOLATION {violation}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
