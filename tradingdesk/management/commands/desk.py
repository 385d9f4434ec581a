"""`manage.py desk`: the embedded servers and all processes of the desk under one supervisor."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Hands over to the lean supervisor, which needs no Django in its memory."""

    help = "Run the whole desk: embedded servers, bootstrap, every process of the Procfile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the supervisor's options; it checks them itself."""
        parser.add_argument("--only", default="")
        parser.add_argument("--procfile", default="")
        parser.add_argument("--no-embedded", action="store_true")
        parser.add_argument("--no-bootstrap", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process by the supervisor."""
        words = [sys.executable, "-m", "tradingdesk.supervisor"]
        for name in ("only", "procfile"):
            if options[name]:
                words += [f"--{name}", options[name]]
        words += [f"--{n.replace('_', '-')}" for n in ("no_embedded", "no_bootstrap") if options[n]]
        sys.stdout.flush()
        os.execv(sys.executable, words)  # noqa: S606 - ourselves
