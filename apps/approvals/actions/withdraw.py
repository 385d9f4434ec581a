"""Take back one's own request."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.approvals.actions.close import close
from apps.approvals.models import ChangeRequest
from apps.approvals.queries import lock_request
from apps.core.actor import Actor
from apps.core.errors import NotPermitted


class NotYours(NotPermitted):
    """Only the requester withdraws; others vote."""

    default_code = "NOT_THE_REQUESTER"


def withdraw(*, actor: Actor, user: User, request_id: UUID, reason: str) -> ChangeRequest:
    """Withdraw the request of `user` before it is applied.

    :raises NotYours: someone else asked for it.
    :raises RequestClosed: it has ended, or is being applied.
    """
    with transaction.atomic():
        request = lock_request(request_id)
        if request.requested_by_id != user.pk:
            raise NotYours(request=request.reference)
        return close(actor=actor, request_id=request_id, state="withdrawn", reason=reason)
