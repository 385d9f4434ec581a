"""Run the simulated exchange, or `faults`: make it fail on purpose."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg.conninfo import make_conninfo

from apps.simulator.face.server import Address, RandomTerms, serve
from apps.simulator.management.faults import USAGE, run_faults
from tradingdesk.environment import env


class Command(BaseCommand):
    """Serve the dialect of Binance spot on loopback, with books in the simulator's database."""

    help = __doc__
    # The exchange serves no URL of Django's; its start does not wait for the desk's checks.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("words", nargs="*", metavar="faults ...", help=USAGE)
        parser.add_argument("--account", default="", help="whose calls a fault strikes")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=env.int("SIMULATOR_PORT", default=8001))
        parser.add_argument(
            "--weight-limit",
            type=int,
            default=env.int("SIMULATOR_WEIGHT_LIMIT", default=1_200_000),
            help="request weight per minute and address before 429",
        )

        parser.add_argument(
            "--market",
            choices=("none", "random"),
            default=env.str("SIMULATOR_MARKET", default="random"),
            help="what a new exchange trades: a seeded random market, or nothing until recordings "
            "are loaded; an exchange that has a market keeps it",
        )
        parser.add_argument("--seed", type=int, default=env.int("SIMULATOR_SEED", default=7))
        parser.add_argument(
            "--speed", type=float, default=env.float("SIMULATOR_SPEED", default=1.0)
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop; with `faults`, act on the exchange that runs."""
        words: list[str] = options["words"]
        if words:
            if words[0] != "faults":
                raise CommandError(USAGE)
            answer = run_faults(words[1:], account=options["account"], as_json=options["json"])
            self.stdout.write(answer)
            return
        address = Address(
            host=options["host"],
            port=options["port"],
            token=settings.SIMULATOR_TOKEN,
            weight_limit=options["weight_limit"],
        )
        random = RandomTerms(options["seed"], options["speed"])
        terms = random if options["market"] == "random" else None
        uvloop.run(serve(simulator_dsn(), address, terms))


def simulator_dsn() -> str:
    """Return the connection string of the simulator's database."""
    held = settings.DATABASES["simulator"]
    options = {key: value for key, value in held["OPTIONS"].items() if key == "options"}
    return make_conninfo(
        dbname=held["NAME"],
        user=held["USER"] or None,
        password=held["PASSWORD"] or None,
        host=held["HOST"] or None,
        port=held["PORT"] or None,
        application_name="simulator",
        **options,
    )
