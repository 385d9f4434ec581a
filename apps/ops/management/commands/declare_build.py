"""`manage.py declare_build`: from here on only processes of this build send entries."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.core.actor import Actor
from apps.risk.actions.declare_build import declare_build


class Command(BaseCommand):
    """`manage.py bootstrap` calls it after the migrations."""

    help = "Declare this build (BUILD); processes of another send no entries from now on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Declare and say so when it is news."""
        if declare_build(actor=Actor.task("declare_build"), build=settings.BUILD):
            self.stderr.write(f"Build {settings.BUILD} is declared.")
