"""End a token before its time."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.accounts.models import ApiToken
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import NotFound


def revoke_token(*, actor: Actor, public_id: UUID, reason: str = "") -> None:
    """Delete the token; the next call with it is refused.

    :raises NotFound: `TOKEN_NOT_FOUND`.
    """
    with transaction.atomic(), acting(actor=actor, verb="token.revoke", reason=reason):
        deleted, _ = ApiToken.objects.filter(public_id=public_id).delete()
    if not deleted:
        raise NotFound("TOKEN_NOT_FOUND", token=str(public_id))
