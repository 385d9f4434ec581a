"""Candles a second through the whole desk: workers, HTTP, streams, ledger, in lock-step.

Ten synthetic instruments, one bot for each of the four strategies, five days of 1-hour candles.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.scenarios.recordings import write_recording  # noqa: E402 - found through the path above

PAIRS = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "AVAX", "LINK", "DOT", "LTC"]


def main() -> int:
    """Replay, print the figures, and fail when a check of the replay failed."""
    pairs = [f"{base}/USDT" for base in PAIRS]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = write_recording(Path(folder) / "data", pairs=pairs, hours=120)
        words = [
            "--data", str(data), "--instruments", ",".join(pairs), "--timeframe", "1h",
            "--strategy", "all", "--json", "--home", str(Path(folder) / "home"),
        ]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "manage.py", "replay", *words],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    summary = json.loads(done.stdout.splitlines()[-1])
    for name in ("candles_per_second", "steps_per_second", "cycles", "orders", "fills", "seconds"):
        print(f"{name:<20} {summary[name]}")
    print(f"{'checks':<20} {'ok' if summary['ok'] else summary['checks']}")
    return 0 if summary["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
