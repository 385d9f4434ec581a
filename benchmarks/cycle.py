"""How long one cycle of a whole fleet takes: bots a second, ms a bot, statements, memory.

Each fleet trades ten instruments on one account, one a bot (PER_BOT),
in a fresh database of its own (the suite's template on the embedded PostgreSQL). Three cycles are timed: the first (cold: windows are read,
nothing is held), one in which nothing changes (warm, every bot holds what it wants) and one in
which one bot in a hundred trades. `python benchmarks/cycle.py 100 1000 10000`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SIZES = (100, 1_000, 10_000)
INSTRUMENTS = 10
# How many of them each bot trades.
PER_BOT = 1
HISTORY = 200
CLOSE_MS = 1_683_028_800_000


def main() -> None:
    """Run each size in a process of its own, so that its memory is its own."""
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        measure(int(sys.argv[2]))
        return
    print(
        f"{'bots':>6} {'cycle':<10} {'seconds':>8} {'bots/s':>8} {'ms/bot':>7} {'SQL':>4} {'orders':>7}"
    )
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        subprocess.run([sys.executable, __file__, "--one", str(size)], cwd=ROOT, check=True)


def measure(size: int) -> None:
    """Make a fleet of `size` bots and time its cycles."""
    os.environ.setdefault("DESK_TEST_RUN", str(os.getpid()))
    os.environ["LOG_LEVEL"] = "ERROR"
    from tests import conftest  # noqa: PLC0415 - the environment is set on import
    from tests.databases import HOME, cloned  # noqa: PLC0415
    from tradingdesk.embedded import ensure  # noqa: PLC0415

    ensure(HOME, careless=True)
    with cloned(conftest.NAMES):
        from benchmarks.support.fleet import Fleet  # noqa: PLC0415 - models need the set-up above

        fleet = Fleet(
            size=size, instruments=INSTRUMENTS, per_bot=PER_BOT, history=HISTORY, close_ms=CLOSE_MS
        )
        report(size, "cold", *timed(fleet))
        fleet.hold_positions()
        fleet.next_candle(timedelta(minutes=1))
        report(size, "warm", *timed(fleet))
        fleet.next_candle(timedelta(minutes=1))
        fleet.upset(share=100)
        report(size, "1 % trades", *timed(fleet))
        mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{size:>6} memory: worker {mine:.0f} MiB, PostgreSQL {postgres_mib():.0f} MiB (proportional)"
        )
        fleet.close()


def timed(fleet: object) -> tuple[float, int, int]:
    """Return seconds, statements and orders of one cycle, from the due query to the commit."""
    started = time.perf_counter()
    statements, orders = fleet.cycle()  # type: ignore[attr-defined]
    return time.perf_counter() - started, statements, orders


def report(size: int, name: str, seconds: float, statements: int, orders: int) -> None:
    """Print one line."""
    print(
        f"{size:>6} {name:<10} {seconds:>8.3f} {size / seconds:>8.0f} {1000 * seconds / size:>7.3f}"
        f" {statements:>4} {orders:>7}",
        flush=True,
    )


def postgres_mib() -> float:
    """Return the memory of the embedded PostgreSQL's processes, shared pages counted once."""
    total = 0
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes()
            if b"postgres" not in command:
                continue
            rollup = (process / "smaps_rollup").read_text()
        except (OSError, ValueError):
            continue
        total += sum(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return total / 1024


if __name__ == "__main__":
    main()
