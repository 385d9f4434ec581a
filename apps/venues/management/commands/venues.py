"""Look after venue accounts: `venues test SLUG`, `venues keys rewrap`, `venues capabilities`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.venues.actions.rewrap_keys import rewrap_keys
from apps.venues.actions.test_account import test_account
from apps.venues.domain import capability_table
from apps.venues.queries import account_id_of


class Command(BaseCommand):
    """Edge of the venue account actions."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the three forms."""
        forms = parser.add_subparsers(dest="form", required=True)
        forms.add_parser("test", help="send one signed read").add_argument("slug")
        keys = forms.add_parser("keys", help="look after sealed keys")
        keys.add_argument("act", choices=["rewrap"])
        table = forms.add_parser("capabilities", help="what each venue can do with an order")
        table.add_argument("--markdown", action="store_true", help="as in docs/venues.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one action; exit 2 with its code when it is refused."""
        try:
            if options["form"] == "test":
                found = test_account(account_id=account_id_of(slug=options["slug"]))
                held = ", ".join(found.assets) or "nothing"
                self.stdout.write(f"The key signs. Held: {held}. Clock skew {found.skew_ms} ms.")
            elif options["form"] == "capabilities":
                table = capability_table.markdown if options["markdown"] else capability_table.text
                self.stdout.write(table())
            else:
                count = rewrap_keys(actor=Actor.task("venues keys rewrap"))
                self.stdout.write(f"Sealed the keys of {count} accounts anew.")
        except DeskError as error:
            self.stderr.write(str(error))
            sys.exit(2)
