"""`python -m tests.simulation.soak`: seeds without end, on databases of their own.

Prints the seeds run, the faults injected per kind, the virtual hours lived, the violations, and for
each failing seed the one command that plays it again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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
    if wanted.part or wanted.processes == 1:
        return play(wanted)
    return spread(wanted)


def spread(wanted: argparse.Namespace) -> int:
    """Give each process every n-th seed and add up what they say."""
    started = time.monotonic()
    parts = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.simulation.soak", f"--seeds={wanted.seeds}",
             f"--first={wanted.first}", f"--part={number}/{wanted.processes}"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for number in range(wanted.processes)
    ]  # fmt: skip
    said = [part.communicate()[0] for part in parts]
    struck: Counter[str] = Counter()
    seeds, hours, failed = 0, 0.0, []
    for text in said:
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "seeds":
                seeds += int(rest)
            elif word == "hours":
                hours += float(rest)
            elif word == "fault":
                kind, _, number = rest.partition(" ")
                struck[kind] += int(number)
            elif word == "violation":
                failed.append(rest)
    tell(seeds, struck, hours, failed, time.monotonic() - started)
    return int(bool(failed) or any(part.returncode not in {0, 1} for part in parts))


def tell(seeds: int, struck: Counter[str], hours: float, failed: list[str], seconds: float) -> None:
    print(f"{seeds} seeds in {seconds:.0f} s, {hours:.1f} virtual hours")
    print(f"{sum(struck.values())} faults injected:")
    for kind, number in sorted(struck.items()):
        print(f"  {kind:20} {number}")
    print(f"{len(failed)} violations")
    for line in failed:
        print(f"  {line}")


def play(wanted: argparse.Namespace) -> int:
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
    number, _, count = (wanted.part or "0/1").partition("/")
    seeds = range(wanted.first + int(number), wanted.first + wanted.seeds, int(count))
    started, struck, seconds, failed = time.monotonic(), Counter[str](), 0.0, []
    with cloned(conftest.NAMES), stage() as found:
        for seed in seeds:
            result = run_seed(found, seed)
            struck += result.struck
            seconds += result.virtual_seconds
            if wanted.digests:
                print(f"trace {seed} {hashlib.sha256(result.trace).hexdigest()}")
            if wanted.trace:
                print(result.trace.decode())
            failed += [
                f"make soak FIRST={seed} SEEDS=1  # {violation}"
                for violation in result.violations[:5]
            ]
        failed += [
            f"after seeds {seeds}: {name} {rows[:3]}" for name, rows in broken_invariants().items()
        ]
    if wanted.part:
        print(f"seeds {len(seeds)}\nhours {seconds / 3600}")
        print("\n".join(f"fault {kind} {n}" for kind, n in sorted(struck.items())))
        print("\n".join(f"violation {line}" for line in failed))
    else:
        tell(len(seeds), struck, seconds / 3600, failed, time.monotonic() - started)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
