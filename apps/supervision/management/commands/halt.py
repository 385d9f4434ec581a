"""`manage.py halt`: halt a scope from a shell. Needs only PostgreSQL."""

from __future__ import annotations

import getpass
import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.risk.actions.halt import halt
from apps.risk.domain.restrictions import RESTRICTION_SCOPES
from apps.risk.models import Restriction
from apps.supervision.actions.open_runs import open_runs
from apps.supervision.actions.run_halts import run_halts
from apps.supervision.models import HaltRun
from apps.supervision.queries import unfinished_runs
from apps.venues.models import VenueAccount


def shell_actor() -> Actor:
    """Return the person at the shell, by the name of the operating system."""
    name = getpass.getuser()
    return Actor(kind="person", id=f"os:{name}", name=f"{name} (shell)", role="shell")


class Command(BaseCommand):
    """Halt now; the control process takes the barrier and cancels."""

    help = "Halt the desk, an account, a bot …: no new orders, open ones are cancelled."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what is halted and why."""
        parser.add_argument("--scope", choices=RESTRICTION_SCOPES, default="desk")
        parser.add_argument("--id", default="", help="slug or id; nothing for the desk")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--flatten", action="store_true", help="sell what is held, too")
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS",
                            help="wait until every account is verified; exit 3 when it is not")  # fmt: skip
        parser.add_argument("--sweep", action="store_true",
                            help="cancel from this process, without the control process")  # fmt: skip
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Commit the halt, then wait for or do the sweeping when asked to."""
        try:
            found = halt(
                actor=shell_actor(), scope_kind=options["scope"],
                scope_id=_row_id(options["scope"], options["id"]), reason=options["reason"],
                flatten=options["flatten"],
            )  # fmt: skip
        except DeskError as error:
            raise CommandError(str(error)) from error
        is_over = _follow(found, seconds=options["wait"], sweep=options["sweep"])
        self._tell(found, as_json=options["json"])
        if (options["wait"] or options["sweep"]) and not is_over:
            raise SystemExit(3)

    def _tell(self, found: Restriction, *, as_json: bool) -> None:
        runs = [
            {
                "account": run.account.slug,
                "barrier_at": run.barrier_at and run.barrier_at.isoformat(),
                "canceled": run.canceled,
                "remaining": run.remaining,
                "verified_at": run.verified_at and run.verified_at.isoformat(),
                "flattened_at": run.flattened_at and run.flattened_at.isoformat(),
                "error": run.error,
            }
            for run in HaltRun.objects.filter(restriction=found).select_related("account")
        ]
        if as_json:
            self.stdout.write(json.dumps({"halt": str(found.id), "runs": runs}))
            return
        self.stdout.write(f"Halted: {found.scope_kind} {found.scope_id} ({found.id})")
        for run in runs:
            state = "verified" if run["verified_at"] else f"open {run['error']}"
            self.stdout.write(f"  {run['account']}: canceled {run['canceled']}, {state}")


def _row_id(scope: str, name: str) -> str:
    """Return the id behind a slug, where a slug was given."""
    rows: dict[str, QuerySet[Any]] = {
        "bot": Bot.objects.all(),
        "account": VenueAccount.objects.all(),
    }
    row = rows[scope].filter(slug=name).first() if scope in rows else None
    return str(row.pk) if row is not None else name


def _follow(found: Restriction, *, seconds: float, sweep: bool) -> bool:
    """Return whether every run of the halt is over, within `seconds`."""
    until = time.monotonic() + seconds
    while True:
        if sweep:
            run_halts()
        open_runs()
        is_over = not [run for run in unfinished_runs() if run.restriction_id == found.id]
        if is_over or time.monotonic() >= until:
            return is_over
        time.sleep(0.25)
