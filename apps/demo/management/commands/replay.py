"""`manage.py replay`: recorded candles through a whole desk of their own."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.clock import to_ms
from apps.core.errors import DeskError
from apps.demo.domain.plan import ReplayPlan, check_plan
from apps.demo.gateways.own_desk import OwnDesk
from apps.strategies.domain.registry import CATALOGUE

PROBLEMS = 3


def moment(text: str) -> int:
    """Return an ISO date or time (UTC when it names no zone) as epoch ms."""
    found = datetime.fromisoformat(text)
    return to_ms(found if found.tzinfo else found.replace(tzinfo=UTC))


def names(text: str) -> tuple[str, ...]:
    """Return the comma-separated names in `text`."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


class Command(BaseCommand):
    """Makes a home, starts a desk in it, plays the plan, stops the desk, tells the result."""

    help = (
        "Replay recorded candles through the simulated exchange and the real cycle, in lock-step."
    )

    # Its own desk checks itself.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to play and how."""
        parser.add_argument(
            "--data", required=True, help="folder of candles: VENUE/SYMBOL/TF.csv.gz"
        )
        parser.add_argument(
            "--instruments", required=True, type=names,
            help="BTC/USDT,ETH/USDT … or perpetuals: BTC/USDT:USDT …",
        )  # fmt: skip
        parser.add_argument("--timeframe", default="1h", help="1m 5m 15m 1h 4h 1d")
        parser.add_argument("--strategy", default=("all",), type=names, help="names, or all")
        parser.add_argument(
            "--speed", default=0.0, type=float, help="× real time; 0 = as fast as it goes"
        )
        parser.add_argument("--from", dest="from_ms", type=moment, help="ISO date or time, UTC")
        parser.add_argument("--to", dest="to_ms", type=moment, help="ISO date or time, UTC")
        parser.add_argument("--cost", default="1000", help="quote units of one entry")
        parser.add_argument("--leverage", default="2", help="of perpetuals; the cost is the margin")
        parser.add_argument("--stop-loss", default="0.05", help="fraction of the entry price")
        parser.add_argument(
            "--home", type=Path, help="data folder (default: below DESK_HOME/replays)"
        )
        parser.add_argument("--out", type=Path, help="folder for summary, books and end state")
        parser.add_argument("--keep", action="store_true", help="keep the replay's data folder")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the replay; exit 0 when all checks hold, 3 when one does not, 2 for a bad plan."""
        try:
            plan = self._plan(options)
            home = options["home"] or self._new_home()
            summary = self._play(plan, home, options)
        except DeskError as error:
            raise CommandError(str(error), returncode=2 if error.status == 400 else 1) from error
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            self._tell(summary)
        if not summary["ok"]:
            sys.exit(PROBLEMS)

    def _play(self, plan: ReplayPlan, home: Path, options: dict[str, Any]) -> dict[str, Any]:
        home = home.absolute()
        home.mkdir(parents=True, exist_ok=True)
        report = (options["out"] or home / "report").absolute()
        desk = OwnDesk(home=home, plan=plan)
        try:
            desk.start()
            return desk.drive(report=report)
        finally:
            desk.stop()
            if not options["keep"] and not options["home"]:
                shutil.rmtree(home, ignore_errors=True)

    @staticmethod
    def _plan(options: dict[str, Any]) -> ReplayPlan:
        known = frozenset(CATALOGUE)
        wanted = options["strategy"]
        plan = ReplayPlan(
            data=str(Path(options["data"]).absolute()),
            instruments=options["instruments"],
            timeframe=options["timeframe"],
            strategies=tuple(sorted(known)) if wanted == ("all",) else wanted,
            speed=options["speed"],
            from_ms=options["from_ms"],
            to_ms=options["to_ms"],
            cost=options["cost"],
            stop_loss=options["stop_loss"],
            leverage=options["leverage"],
        )
        check_plan(plan, known_strategies=known)
        return plan

    @staticmethod
    def _new_home() -> Path:
        base = Path(os.environ["DESK_HOME"]) / "replays"
        return base / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"

    def _tell(self, summary: dict[str, Any]) -> None:
        for name in (
            "steps",
            "candles",
            "cycles",
            "orders",
            "fills",
            "round_trips",
            "profit",
            "fees",
            "funding",
            "net",
        ):
            self.stdout.write(f"{name:<12} {summary[name]}")
        speed = f"{summary['candles_per_second']} candles/s, {summary['steps_per_second']} steps/s"
        self.stdout.write(f"{'time':<12} {summary['seconds']} s ({speed})")
        for name, value in summary["checks"].items():
            self.stdout.write(f"{'ok' if not value else 'WRONG':<12} {name} {value or 0}")
        self.stdout.write(f"{'digest':<12} {summary['digest']}")
