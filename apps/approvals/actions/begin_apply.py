"""Take an approved request to apply it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.approvals.domain.refusals import RequestClosed
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now


def begin_apply(*, actor: Actor, request_id: UUID) -> ChangeRequest:
    """Move the request from approved to applying inside the caller's transaction, and return it.

    PostgreSQL counts the votes once more at this step.

    :raises RequestClosed: it is not approved, or its time is over.
    """
    with transaction.atomic():
        request = lock_request(request_id)
        if request.state != "approved" or request.expires_at <= now():
            raise RequestClosed(request=request.reference, state=request.state)
        with acting(actor=actor, verb="change.applying", change_request=str(request.id)):
            request.state = "applying"
            request.save(update_fields=["state"])
    return request
