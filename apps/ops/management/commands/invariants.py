"""`manage.py invariants`: what must always be true of the desk's books."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.ops.actions.check_invariants import check_invariants
from apps.ops.queries import invariants


class Command(BaseCommand):
    """Exit 3 when something is broken."""

    help = "Check every invariant of the books; exit 3 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
        parser.add_argument(
            "--list", action="store_true", help="say what is checked, check nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and print."""
        if options["list"]:
            rules = {name: words for name, (words, _) in sorted(invariants().items())}
            lines = [f"{name}: {words}" for name, words in rules.items()]
            self.stdout.write(json.dumps(rules) if options["json"] else "\n".join(lines))
            return
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
