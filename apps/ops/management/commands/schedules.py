"""`manage.py schedules sync`: the rows that beat reads, as the table in the code says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.actor import Actor
from apps.ops.actions.sync_schedules import sync_schedules


class Command(BaseCommand):
    """Safe to run again."""

    help = "Keep the schedules that beat reads equal to the table in the code."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["sync"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and say what was wrong."""
        found = sync_schedules(actor=Actor.task("schedules sync"))
        for name, words in sorted(found.items()):
            self.stderr.write(f"{name}: was {words}")
        if not found:
            self.stderr.write("Schedules are in sync.")
