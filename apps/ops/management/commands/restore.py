"""`manage.py restore`: bring the stopped desk back to a backup."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.ops.actions.restore_backup import restore_backup
from apps.ops.gateways import backup_folder


class Command(BaseCommand):
    """Asks for the backup's name again unless told `--yes`."""

    help = "Replace the desk's database by a backup; accounts then wait for reconciliation."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the backup, why, and whether to ask."""
        parser.add_argument("name", help="as `manage.py backup list` shows it")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, or say why nothing was changed."""
        name = options["name"]
        try:
            manifest, _ = backup_folder.find(name)
            self.stderr.write(
                f"{name}: {sum(manifest.rows.values())} rows of {manifest.created_at}. Whatever the "
                "desk wrote since then leaves its books; what happened at the venues comes back by "
                "reconciliation. A snapshot of the present is taken first."
            )
            if not options["yes"] and input("Type the backup's name to go on: ") != name:
                raise CommandError("Nothing was changed.")
            actor = Actor.task("restore")
            _, before = restore_backup(actor=actor, name=name, reason=options["reason"])
        except DeskError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored {name}. The state before it is {before.name}.")
        self.stderr.write("Start the desk: entries wait until each account was found equal.")
