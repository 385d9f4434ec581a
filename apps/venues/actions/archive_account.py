"""Close a venue account on the desk."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict
from apps.venues.models import VenueAccount


def archive_account(*, actor: Actor, account_id: UUID, reason: str) -> None:
    """Archive an account and drop its keys. What it did stays.

    :raises Conflict: `ALREADY_ARCHIVED` when it is archived or does not exist.
    """
    with transaction.atomic(), acting(actor=actor, verb="venue_account.archive", reason=reason):
        changed = VenueAccount.objects.filter(id=account_id, archived_at=None).update(
            archived_at=now(),
            api_key_sealed="",
            api_secret_sealed="",  # nosec B106
            api_password_sealed="",  # nosec B106
            key_fingerprint="",
            key_set_at=None,
        )
    if not changed:
        raise Conflict("ALREADY_ARCHIVED", account=str(account_id))
