"""End a request without applying it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from apps.approvals.domain.refusals import RequestClosed
from apps.approvals.domain.states import STEPS
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now

ENDS: Final = frozenset({"rejected", "withdrawn", "expired", "voided", "failed"})


def close(*, actor: Actor, request_id: UUID, state: str, reason: str) -> ChangeRequest:
    """Move the request to an end `state` (one of ENDS) and say why.

    :raises RequestNotFound: no such request.
    :raises RequestClosed: the state table has no such step from where the request stands.
    """
    with transaction.atomic():
        request = lock_request(request_id)
        if state not in ENDS or state not in STEPS[request.state]:
            raise RequestClosed(request=request.reference, state=request.state, wanted=state)
        verb, number = f"change.{state}", str(request.id)
        with acting(actor=actor, verb=verb, reason=reason, change_request=number):
            request.state, request.closed_at, request.closed_reason = state, now(), reason
            request.save(update_fields=["state", "closed_at", "closed_reason"])
    ring_after_commit("approvals")
    return request
