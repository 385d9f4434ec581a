"""`manage.py bootstrap`: everything between an empty database and a desk that can start."""

from __future__ import annotations

import io
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

STEPS: tuple[tuple[str, ...], ...] = (
    ("migrate", "--database", "owner", "--verbosity", "0"),
    ("migrate", "--database", "simulator", "--verbosity", "0"),
    ("rehearsal", "sync"),
    ("roles", "sync"),
    ("strategies", "sync"),
    ("schedules", "sync"),
    ("demo", "seed", "--if-empty"),
    ("reconcile", "--require"),
)


class Command(BaseCommand):
    """Each step may be repeated; a second run changes nothing."""

    help = "Migrate both databases, sync roles and schedules, seed the demo into an empty desk."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order; print the path of a welcome link last, when there is one."""
        known = get_commands()
        for name, *arguments in STEPS:
            if name in known:
                call_command(name, *arguments, stdout=self.stderr, stderr=self.stderr)
        if "welcome_link" in known:
            link = io.StringIO()
            call_command("welcome_link", stdout=link)
            self.stdout.write(link.getvalue().strip())
