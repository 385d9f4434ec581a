"""Give each account in a halt's scope its run."""

from __future__ import annotations

from apps.core.clock import now
from apps.supervision.models import HaltRun
from apps.supervision.queries import accounts_in_scope, halts_in_force


def open_runs() -> int:
    """Make the runs that halts in force do not have yet; return how many were made."""
    known = set(
        HaltRun.objects.filter(restriction__lifted_at=None).values_list(
            "restriction_id", "account_id"
        )
    )
    missing = [
        HaltRun(restriction=restriction, account_id=account_id, requested_at=now())
        for restriction in halts_in_force()
        for account_id in accounts_in_scope(restriction)
        if (restriction.id, account_id) not in known
    ]
    HaltRun.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)
