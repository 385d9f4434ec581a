"""`manage.py strategies sync`: the catalogue as rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.strategies.actions.sync_catalogue import sync_catalogue


class Command(BaseCommand):
    """List or sync the catalogue."""

    help = "strategies sync: write the catalogue's strategies and versions down"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["sync"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and say what is new."""
        new = sync_catalogue()
        for version in new:
            self.stdout.write(
                f"new {version.strategy.name} {version.version} {version.source_hash[:12]}"
            )
        self.stdout.write(f"{len(new)} new versions")
