"""`manage.py demo seed|clear|break`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.demo.actions.break_books import break_books
from apps.demo.actions.clear import clear
from apps.demo.actions.prepare_replay import open_replay_account
from apps.demo.actions.seed import is_empty, seed
from apps.demo.domain.breaks import BREAKS
from apps.demo.domain.plan import ReplayPlan


class Command(BaseCommand):
    """The demo fleet of a first run."""

    help = (
        "Load the demo fleet into an empty desk, take it out again, or break its books on purpose:"
        f" demo break {'|'.join(BREAKS)}"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["seed", "clear", "break"])
        parser.add_argument("kind", nargs="?", choices=sorted(BREAKS), help="what to break")
        parser.add_argument("--account", default="", help="slug of a simulated account")
        parser.add_argument("--symbol", default="", help="instrument to do it on")
        parser.add_argument("--if-empty", action="store_true", help="do nothing on a desk in use")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed or clear; a replay's own desk gets its account instead of the fleet."""
        try:
            if options["verb"] == "break":
                self._break(options)
            elif options["verb"] == "clear":
                for line in clear():
                    self.stderr.write(f"still there: {line}")
            elif settings.DESK_REPLAY_PLAN:
                values = json.loads(Path(settings.DESK_REPLAY_PLAN).read_text())
                open_replay_account(plan=ReplayPlan.from_json(values))
            elif is_empty():
                seed()
            elif not options["if_empty"]:
                raise CommandError("This desk is in use; the demo goes into an empty one only.")
        except DeskError as error:
            raise CommandError(str(error)) from error

    def _break(self, options: dict[str, Any]) -> None:
        """Do it and say what to watch."""
        if options["kind"] is None:
            raise CommandError(f"Say what to break: {', '.join(sorted(BREAKS))}")
        actor = Actor.task("demo.break")
        account, done = break_books(
            actor=actor, kind=options["kind"], account=options["account"], symbol=options["symbol"]
        )
        self.stdout.write(f"On {account}: {done.does}.")
        self.stdout.write(
            f"Watch /reconcile/: a case of kind {done.opens} within {done.seconds} s."
        )
        self.stdout.write(f"It ends so: {done.ends}. Runbook: /runbooks/{done.opens}/")
