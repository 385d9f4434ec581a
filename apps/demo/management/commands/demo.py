"""`manage.py demo seed|clear`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import DeskError
from apps.demo.actions.clear import clear
from apps.demo.actions.prepare_replay import open_replay_account
from apps.demo.actions.seed import is_empty, seed
from apps.demo.domain.plan import ReplayPlan


class Command(BaseCommand):
    """The demo fleet of a first run."""

    help = "Load the demo fleet into an empty desk, or take it out again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["seed", "clear"])
        parser.add_argument("--if-empty", action="store_true", help="do nothing on a desk in use")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed or clear; a replay's own desk gets its account instead of the fleet."""
        try:
            if options["verb"] == "clear":
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
