"""From decision to acknowledged and recorded, against raw ccxt, in one run on durable PostgreSQL.

(a) raw ccxt: `create_order` to the simulated exchange over loopback. (b) the same with one durable
commit before and one after: the floor of record, send, learn. (c) the desk: judged drafts are
recorded, committed, claimed, sent under permit, and the answers stored. One at a time and in
batches of 100, the three taking turns, so that other work on the machine burdens all alike.
`python benchmarks/order_path.py [rounds]`; `--profile` prints where the desk's Python time goes,
`--breakdown` what each step of one order takes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Measure and print; servers and databases are the benchmark's own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=300)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--breakdown", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DESK_TEST_RUN", str(os.getpid()))
    os.environ["LOG_LEVEL"] = "ERROR"
    from tests import databases  # noqa: PLC0415 - its servers are moved before the settings read them
    from tradingdesk.embedded import Access, ensure  # noqa: PLC0415

    databases.HOME = ROOT / ".desk-bench"
    databases.ACCESS = Access(databases.HOME)
    from tests import conftest  # noqa: PLC0415 - the environment is set on import

    ensure(databases.HOME, careless=False)
    with databases.cloned(conftest.NAMES), tempfile.TemporaryDirectory() as folder:
        from benchmarks.support.order_breakdown import breakdown  # noqa: PLC0415 - needs the set-up
        from benchmarks.support.order_path import Bench  # noqa: PLC0415 - needs the set-up above

        bench = Bench(Path(folder))
        try:
            if options.profile:
                bench.profile(options.rounds)
            elif options.breakdown:
                breakdown(bench, options.rounds)
            else:
                bench.one_at_a_time(options.rounds)
                bench.batches(max(5, options.rounds // 20))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
