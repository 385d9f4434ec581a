"""`manage.py welcome_link`: the path that signs the demo's first person in, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.core.actor import Actor
from apps.ops.actions.offer_welcome_link import offer_welcome_link


class Command(BaseCommand):
    """Prints nothing where no link may be offered."""

    help = "Print the one-time sign-in path of the demo's first person, where that is safe."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the path alone."""
        path = offer_welcome_link(actor=Actor.task("welcome_link"))
        if path is not None:
            self.stdout.write(path)
