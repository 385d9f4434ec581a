"""`manage.py rebuild_positions`: derive positions from fills and mend what differs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.portfolio.actions.rebuild_positions import rebuild_positions
from apps.venues.models import VenueAccount


class Command(BaseCommand):
    """Exit code 0 when nothing differed, 3 when something was mended."""

    help = "Derive positions, round trips and daily results from fills; mend and list what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--account", help="Slug of one venue account; all without it.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild account by account."""
        accounts = VenueAccount.objects.order_by("slug")
        if options["account"]:
            accounts = accounts.filter(slug=options["account"])
        rows, summaries = [], []
        for account in accounts:
            summary = rebuild_positions(account_id=account.id)
            summaries.append(summary)
            rows.append(
                {
                    "account": account.slug,
                    "positions": summary.pairs,
                    "changed": summary.changed,
                    "changed_positions": [f"{bot} {i}" for bot, i in summary.positions],
                    "changed_days": [f"{bot} {day}" for bot, day in summary.days],
                }
            )
        changed = sum(summary.changed for summary in summaries)
        if options["json"]:
            self.stdout.write(json.dumps({"changed": changed, "accounts": rows}))
        else:
            for row in rows:
                words = "{account}: {positions} positions, {changed} changed"
                self.stdout.write(words.format(**row))
        if changed:
            raise SystemExit(3)
