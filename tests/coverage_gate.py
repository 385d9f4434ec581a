"""Fails below the coverage that the design asks for: `python -m tests.coverage_gate`.

Branch coverage counts (covered lines + covered branches) / (lines + branches), as coverage does.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import coverage

TOTAL = 80.0
EACH_STRATEGY = 70.0
DOMAINS = 95.0
STRATEGIES = "apps/strategies/domain/catalogue/"
STRICT_DOMAINS = ("apps/orders/domain/", "apps/risk/domain/", "apps/portfolio/domain/")


@dataclass
class Count:
    """What was there and what was run."""

    covered: int = 0
    wanted: int = 0

    def add(self, summary: dict[str, int]) -> None:
        self.covered += summary["covered_lines"] + summary.get("covered_branches", 0)
        self.wanted += summary["num_statements"] + summary.get("num_branches", 0)

    @property
    def percent(self) -> float:
        return 100.0 * self.covered / self.wanted if self.wanted else 100.0


def measure(files: dict[str, dict]) -> list[tuple[str, float, float]]:
    """Return (what, percent, least percent) for each figure of the gate."""
    total, domains = Count(), {name: Count() for name in STRICT_DOMAINS}
    rows: list[tuple[str, float, float]] = []
    for path, entry in sorted(files.items()):
        total.add(entry["summary"])
        for name, count in domains.items():
            if path.startswith(name):
                count.add(entry["summary"])
        if path.startswith(STRATEGIES) and not path.endswith("__init__.py"):
            one = Count()
            one.add(entry["summary"])
            rows.append((path, one.percent, EACH_STRATEGY))
    rows += [(name, count.percent, DOMAINS) for name, count in domains.items()]
    return [*rows, ("total", total.percent, TOTAL)]


def main() -> int:
    data = coverage.Coverage()
    data.load()  # what the suite combined; subprocesses that ended later add to it
    data.combine()
    data.save()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        data.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    data.report(file=io.StringIO())
    failed = False
    for what, percent, least in measure(files):
        short = percent < least
        failed |= short
        print(
            f"{'FAIL' if short else 'ok  '} coverage {percent:6.2f} % (least {least:.0f} %) {what}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
