"""Release a halt."""

from __future__ import annotations

from uuid import UUID

from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.risk.actions.lift import lift
from apps.risk.models import Restriction
from apps.supervision.actions.open_runs import open_runs
from apps.supervision.queries import unfinished_runs


class HaltNotVerified(Conflict):
    """The halt is still being carried out: the venue may show orders or positions of its scope."""

    default_code = "HALT_NOT_VERIFIED"


def release_halt(*, actor: Actor, restriction_id: UUID, reason: str) -> Restriction:
    """Lift a halt whose every run was verified (and flattened where asked).

    The edge checks the permission `release_halt`.

    :raises HaltNotVerified: with the accounts still open.
    :raises NotFound: no such restriction.
    :raises InvalidInput: without a reason.
    """
    open_runs()
    waiting = [run for run in unfinished_runs() if run.restriction_id == restriction_id]
    if waiting:
        raise HaltNotVerified(
            restriction=str(restriction_id),
            accounts=[str(run.account_id) for run in waiting],
            remaining=sum(run.remaining for run in waiting),
        )
    return lift(actor=actor, restriction_id=restriction_id, reason=reason, halt_is_over=True)
