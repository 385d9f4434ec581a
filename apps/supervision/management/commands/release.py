"""`manage.py release`: release halts from a shell."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import DeskError
from apps.supervision.actions.release_halt import release_halt
from apps.supervision.management.commands.halt import shell_actor
from apps.supervision.queries import halts_in_force


class Command(BaseCommand):
    """Release one halt, or say which are in force."""

    help = "Release a halt that was verified; without an id, list the halts in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which halt and why."""
        parser.add_argument("id", nargs="?", help="the halt's id, as `halt` printed it")
        parser.add_argument("--reason", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Lift the halt, or list."""
        if options["id"]:
            try:
                release_halt(
                    actor=shell_actor(), restriction_id=options["id"], reason=options["reason"]
                )
            except DeskError as error:
                raise CommandError(str(error)) from error
        halts = [
            {"halt": str(h.id), "scope": h.scope_kind, "id": h.scope_id, "reason": h.reason}
            for h in halts_in_force()
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"halts": halts}))
        for row in [] if options["json"] else halts:
            self.stdout.write(f"{row['halt']} {row['scope']} {row['id']}: {row['reason']}")
