"""`manage.py reconcile`: compare books and venues now."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.actor import Actor
from apps.reconciliation.actions.reconcile_balances import reconcile_balances
from apps.reconciliation.actions.reconcile_history import reconcile_history
from apps.reconciliation.actions.reconcile_orders import reconcile_orders
from apps.reconciliation.actions.reconcile_positions import reconcile_positions
from apps.reconciliation.actions.require_reconciliation import require_reconciliation
from apps.reconciliation.queries.accounts import open_cases, reconcilable_accounts
from apps.venues.models import VenueAccount


class Command(BaseCommand):
    """Compare orders, positions and balances of all accounts, or of one."""

    help = "Compare our books with the venues' now; exit 3 when something is not clean."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which accounts, and whether they must wait for it."""
        parser.add_argument("--account", help="slug; all accounts without it")
        parser.add_argument("--require", action="store_true",
                            help="only set accounts reducing until a clean pass")  # fmt: skip
        parser.add_argument("--history", action="store_true",
                            help="also every fill since the last verified midnight")  # fmt: skip
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restrict, or compare and print the outcome."""
        accounts = VenueAccount.objects.filter(id__in=reconcilable_accounts())
        if options["account"]:
            accounts = accounts.filter(slug=options["account"])
        if options["require"]:
            ids = list(accounts.values_list("id", flat=True))
            actor = Actor.task("desk-start")
            require_reconciliation(actor=actor, account_ids=ids, reason="start of the desk")
            return
        rows = [self._compare(a, whole=options["history"]) for a in accounts.order_by("slug")]
        if options["json"]:
            self.stdout.write(json.dumps({"accounts": rows}))
        for row in [] if options["json"] else rows:
            self.stdout.write(
                f"{row['account']}: {'clean' if row['clean'] else 'NOT clean'}, "
                f"{row['compared']} compared, {row['healed']} healed, cases {row['cases'] or 'none'}"
            )
        if not all(row["clean"] for row in rows):
            raise SystemExit(3)

    def _compare(self, account: VenueAccount, *, whole: bool) -> dict[str, Any]:
        # balances first: the first pass of an account posts its opening
        passes = [
            reconcile_balances(account_id=account.id),
            reconcile_orders(account_id=account.id),
            reconcile_positions(account_id=account.id),
        ]
        if whole:
            passes.append(reconcile_history(account_id=account.id))
        done = [comparison for comparison in passes if comparison is not None]
        return {
            "account": account.slug,
            "clean": len(done) == len(passes) and all(c.is_clean for c in done),
            "compared": sum(c.compared for c in done),
            "healed": sum(c.healed for c in done),
            "errors": [c.error for c in done if c.error],
            "cases": [f"{c.kind} {c.subject}" for c in open_cases(account_id=account.id)],
        }
