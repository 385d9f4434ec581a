"""`manage.py bootstrap`: everything between an empty database and a desk that can start."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connections
from psycopg import sql

STEPS: tuple[tuple[str, ...], ...] = (
    ("backup", "take", "--reason", "before-migration", "--if-migrations-wait"),
    ("migrate", "--database", "owner", "--verbosity", "0"),
    # its database holds that one app: the others' history would be 100 steps of nothing
    ("migrate", "simulator", "--database", "simulator", "--verbosity", "0"),
    ("declare_build",),
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
        make_simulator_database()
        known = get_commands()
        for name, *arguments in STEPS:
            if name in known:
                call_command(name, *arguments, stdout=self.stderr, stderr=self.stderr)
        if "welcome_link" in known:
            link = io.StringIO()
            call_command("welcome_link", stdout=link)
            self.stdout.write(link.getvalue().strip())


def make_simulator_database() -> None:
    """Create the simulated exchange's own database where the server has none of its name.

    :raises CommandError: when the login may not, with the statement that an administrator runs.
    """
    name = settings.DATABASES["simulator"]["NAME"]
    try:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except ProgrammingError as error:
        raise CommandError(
            f"The simulated exchange needs a database of its own: CREATE DATABASE {name}; ({error})"
        ) from error
