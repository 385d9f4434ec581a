"""Set the keys of a venue account. They can be replaced, never read back."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput
from apps.venues.domain.keys import fingerprint, seal_context
from apps.venues.models import VenueAccount
from apps.venues.queries import keyring


def write_keys(*, actor: Actor, account_id: UUID, api_key: str, api_secret: str) -> str:
    """Seal and store both keys, bound to this row, and return the key's fingerprint.

    :raises InvalidInput: `KEY_EMPTY`, `KEY_HAS_SPACES`.
    :raises Conflict: `ACCOUNT_NOT_OPEN` when it is archived or does not exist.
    """
    for field, value in (("api_key", api_key), ("api_secret", api_secret)):
        if not value.strip():
            raise InvalidInput("KEY_EMPTY", field=field)
        if value != value.strip():
            raise InvalidInput("KEY_HAS_SPACES", field=field)
    ring = keyring()
    name = fingerprint(api_key)
    with transaction.atomic(), acting(actor=actor, verb="venue_account.write_keys"):
        changed = VenueAccount.objects.filter(id=account_id, archived_at=None).update(
            api_key_sealed=ring.seal(api_key, context=seal_context(account_id, "api_key")),
            api_secret_sealed=ring.seal(api_secret, context=seal_context(account_id, "api_secret")),
            key_fingerprint=name,
            key_set_at=now(),
        )
    if not changed:
        raise Conflict("ACCOUNT_NOT_OPEN", account=str(account_id))
    return name
