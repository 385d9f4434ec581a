"""End a request because what it would do has changed."""

from __future__ import annotations

from uuid import UUID

from apps.approvals.actions.close import close
from apps.approvals.models import ChangeRequest
from apps.core.actor import Actor


def void(*, actor: Actor, request_id: UUID, actual_hash: str) -> ChangeRequest:
    """Void the request; `actual_hash` is what the content hashes to now.

    :raises RequestClosed: it has ended already.
    """
    reason = f"the content changed (now {actual_hash[:12]})"
    return close(actor=actor, request_id=request_id, state="voided", reason=reason)
