"""`manage.py roles sync`: groups and permissions as the role table says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.accounts.actions.sync_roles import sync_roles
from apps.core.actor import Actor


class Command(BaseCommand):
    """Safe to run again."""

    help = "Keep the seven roles (groups) and their permissions equal to the table in the code."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["sync"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and say what changed."""
        changes = sync_roles(actor=Actor.task("roles sync"))
        for role, changed in changes.items():
            self.stderr.write(f"{role}: {' '.join(changed)}")
        if not changes:
            self.stderr.write("Roles are in sync.")
