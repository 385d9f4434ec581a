"""`manage.py lockstep`: the driver inside a replay's own desk; `replay` starts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from apps.demo.actions.prepare_replay import ACCOUNT
from apps.demo.actions.run_replay import run_replay
from apps.demo.domain.plan import ReplayPlan
from apps.demo.queries import end_state, rows
from apps.simulator.gateways.control import ExchangeControl

OWNERS = """
    SELECT o.client_order_id, b.slug FROM orders_order o JOIN bots_bot b ON b.id = o.bot_id
"""


class Command(BaseCommand):
    """Reads the plan of this home, plays it, writes the report."""

    help = "Drive the replay of this DESK_HOME in lock-step (used by `replay`)."

    # Nothing here serves a page; the desk beside it has been checked.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the plan and the folder of the report."""
        parser.add_argument("--plan", required=True, type=Path)
        parser.add_argument("--report", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the summary as one JSON object."""
        plan = ReplayPlan.from_json(json.loads(options["plan"].read_text()))
        with tqdm(file=sys.stderr, unit="step", mininterval=1.0, dynamic_ncols=True) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            summary = run_replay(plan=plan, progress=progress)
        report: Path = options["report"]
        report.mkdir(parents=True, exist_ok=True)
        (report / "summary.json").write_text(json.dumps(summary, indent=1))
        self._write_books(report)
        self.stdout.write(json.dumps(summary))

    @staticmethod
    def _write_books(report: Path) -> None:
        control = ExchangeControl(url=settings.SIMULATOR_URL, token=settings.SIMULATOR_TOKEN)
        books = {"owners": dict(rows(OWNERS)), "trades": control.trades(account=ACCOUNT)}
        (report / "exchange.json").write_text(json.dumps(books))
        for name, found in end_state().items():
            lines = "".join(json.dumps([str(value) for value in row]) + "\n" for row in found)
            (report / f"{name}.jsonl").write_text(lines)
