"""Restrict accounts until their books were compared."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from apps.core.actor import Actor
from apps.reconciliation.actions.lift_reconciled import CODE
from apps.risk.actions.restrict import restrict
from apps.risk.models import Restriction


def require_reconciliation(
    *, actor: Actor, account_ids: Sequence[UUID], reason: str
) -> list[Restriction]:
    """Set accounts reducing until a clean pass over orders and balances lifts it by itself.

    For a new account, a start of the desk, a restored backup.
    """
    return [
        restrict(
            actor=actor,
            scope_kind="account",
            scope_id=str(account_id),
            state="reducing",
            code=CODE,
            reason=reason,
        )
        for account_id in account_ids
    ]
