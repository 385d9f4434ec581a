"""`manage.py rehearsal on|off|sync`: whether this desk rehearses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.actor import Actor
from apps.golive.actions.make_rehearsal import RehearsalRefused, make_rehearsal


class Command(BaseCommand):
    """`sync` turns it on where the setting REHEARSAL says so, and never off."""

    help = "Make this desk a rehearsal desk, in which no live account can exist."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb."""
        parser.add_argument("verb", choices=["on", "off", "sync"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it and say so."""
        verb = options["verb"]
        if verb == "sync" and not settings.REHEARSAL:
            return
        try:
            changed = make_rehearsal(actor=Actor.task("rehearsal"), is_on=verb != "off")
        except RehearsalRefused as error:
            raise CommandError(str(error)) from error
        if changed:
            self.stderr.write(f"Rehearsal is {'off' if verb == 'off' else 'on'}.")
