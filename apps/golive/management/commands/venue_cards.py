"""`manage.py venue_cards --account SLUG [--cards 1-20,30] [--symbol S] [--json]`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.golive.actions.run_cards import run_cards
from apps.golive.cards import CARDS
from apps.golive.domain.card_numbers import numbers_of
from apps.venues.models import CardRun
from apps.venues.queries import account_id_of


class Command(BaseCommand):
    """Edge of the card run: exit 2 when it is refused, 3 when a card failed."""

    help = "Prove a gateway on a testnet, demo or simulated account with real, smallest orders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to run, where."""
        parser.add_argument("--account", help="slug of a practice account that nothing else uses")
        parser.add_argument("--cards", default="", help="numbers and ranges, such as 1-20,30")
        parser.add_argument("--symbol", default="", help="BTC against the quote asset unless given")
        parser.add_argument("--json", action="store_true", help="print the stored run as JSON")
        parser.add_argument("--list", action="store_true", help="only say what the cards prove")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the cards and print them."""
        if options["list"]:
            for card in CARDS:
                self.stdout.write(f"{card.number:3}  {card.name:42}  {card.proves}")
            return
        try:
            kept = run_cards(
                actor=Actor.task("venue_cards"),
                account_id=account_id_of(slug=options["account"] or ""),
                numbers=numbers_of(options["cards"]),
                symbol=options["symbol"],
            )
        except DeskError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        self._print(kept, as_json=options["json"])
        if kept.failed:
            sys.exit(3)

    def _print(self, kept: CardRun, *, as_json: bool) -> None:
        if as_json:
            body = {"id": str(kept.id), "passed": kept.passed, "failed": kept.failed,
                    "skipped": kept.skipped, "results": kept.results}  # fmt: skip
            self.stdout.write(json.dumps(body, indent=2))
            return
        for row in kept.results:
            line = f"{row['card']:3}  {row['result']:7}  {row['name']:42}  {row['detail']}"
            self.stdout.write(line.rstrip())
        self.stdout.write(
            f"{kept.passed} passed, {kept.failed} failed, {kept.skipped} skipped; run {kept.id}"
        )
