"""Make sure that no send of an account is in flight."""

from __future__ import annotations

from apps.risk.actions.permit import barrier
from apps.supervision.models import HaltRun


def take_barrier(*, run: HaltRun) -> None:
    """Take the account's barrier and note when it was had; later calls change nothing.

    The barrier proves that no living sender is sending. What a lost sender had sent is still
    `submitted` in our books, and `sweep_run` does not call the run verified before that is proved.

    :raises BarrierTimeout: when a sender holds its permit for longer than 7 s.
    """
    if run.barrier_at is not None:
        return
    run.barrier_at = barrier(account_id=run.account_id)
    HaltRun.objects.filter(id=run.id, barrier_at=None).update(barrier_at=run.barrier_at)
