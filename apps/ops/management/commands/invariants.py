"""`manage.py invariants`: what must always be true of the desk's books."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.ops.actions.check_invariants import check_invariants


class Command(BaseCommand):
    """Exit 3 when something is broken."""

    help = "Check every invariant of the books; exit 3 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and print."""
        result = check_invariants()
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            for name, count in result["checks"].items():
                self.stdout.write(f"{'✓' if not count else '✗'} {name}: {count}")
                for row in result["found"].get(name, []):
                    self.stdout.write(f"    {'  '.join(row)}")
            self.stdout.write(f"{result['violations']} violations")
        if result["violations"]:
            sys.exit(3)
