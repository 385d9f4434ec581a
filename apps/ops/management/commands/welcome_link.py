"""`manage.py welcome_link`: the path that signs a demo person in, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.actor import Actor
from apps.ops.actions.offer_welcome_link import FIRST_PERSON, offer_welcome_link


class Command(BaseCommand):
    """Prints nothing where no link may be offered."""

    help = "Print the one-time sign-in path of a demo person, where that is safe."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whose link it is."""
        parser.add_argument(
            "--user", default=FIRST_PERSON, help="demo, sam, rita, ravi, ada or vic"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the path alone."""
        path = offer_welcome_link(actor=Actor.task("welcome_link"), username=options["user"])
        if path is not None:
            self.stdout.write(path)
