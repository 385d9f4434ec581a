"""End the application of a request."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.approvals.domain.refusals import RequestClosed
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now


def finish_apply(*, actor: Actor, request_id: UUID) -> ChangeRequest:
    """Move the request from applying to applied.

    :raises RequestClosed: it is not being applied.
    """
    with transaction.atomic():
        request = lock_request(request_id)
        if request.state != "applying":
            raise RequestClosed(request=request.reference, state=request.state)
        with acting(actor=actor, verb="change.applied", change_request=str(request.id)):
            request.state, request.closed_at = "applied", now()
            request.save(update_fields=["state", "closed_at"])
    return request
