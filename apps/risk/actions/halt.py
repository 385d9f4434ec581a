"""Halt a scope: one person, one act."""

from __future__ import annotations

from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.risk.actions.restrict import restrict
from apps.risk.models import Restriction
from apps.risk.queries import scope_exists


def halt(
    *, actor: Actor, scope_kind: str, scope_id: str, reason: str, flatten: bool = False
) -> Restriction:
    """Commit a halt; from here no order can be created or claimed in its scope.

    The control process takes the barrier, cancels, and flattens when asked to. Halting twice is
    one halt; a second one may add the flatten.

    :raises NotFound: when the scope names nothing.
    :raises InvalidInput: without a reason.
    """
    if not scope_exists(scope_kind=scope_kind, scope_id=scope_id):
        raise NotFound("SCOPE_NOT_FOUND", scope_kind=scope_kind, scope_id=scope_id)
    return restrict(
        actor=actor, scope_kind=scope_kind, scope_id=scope_id, state="halted",
        code="HALT", reason=reason, flatten=flatten,
    )  # fmt: skip
