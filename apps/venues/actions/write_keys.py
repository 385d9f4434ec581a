"""Set the keys of a venue account. They can be replaced, never read back."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import Conflict, InvalidInput
from apps.venues.domain.keys import fingerprint, seal_context
from apps.venues.gateways.families import family
from apps.venues.models import VenueAccount
from apps.venues.queries import keyring


def write_keys(
    *, actor: Actor, account_id: UUID, api_key: str, api_secret: str, api_password: str = ""
) -> str:
    """Seal and store the keys, bound to this row, and return the key's fingerprint.

    `api_password` is the passphrase that some venues (OKX, KuCoin) give with a key.

    :raises InvalidInput: `KEY_EMPTY`, `KEY_HAS_SPACES`.
    :raises Conflict: `ACCOUNT_NOT_OPEN` when it is archived or does not exist.
    """
    keys = {"api_key": api_key, "api_secret": api_secret, "api_password": api_password}
    for field, value in keys.items():
        if not value.strip() and (field != "api_password" or _needs_password(account_id)):
            raise InvalidInput("KEY_EMPTY", field=field)
        if value != value.strip():
            raise InvalidInput("KEY_HAS_SPACES", field=field)
    ring = keyring()
    sealed = {
        f"{field}_sealed": ring.seal(value, context=seal_context(account_id, field))
        if value
        else ""
        for field, value in keys.items()
    }
    name = fingerprint(api_key)
    with transaction.atomic(), acting(actor=actor, verb="venue_account.write_keys"):
        changed = VenueAccount.objects.filter(id=account_id, archived_at=None).update(
            **sealed, key_fingerprint=name, key_set_at=now()
        )
    if not changed:
        raise Conflict("ACCOUNT_NOT_OPEN", account=str(account_id))
    return name


def _needs_password(account_id: UUID) -> bool:
    venues = VenueAccount.objects.filter(id=account_id).values_list("venue", flat=True)
    return any(family(venue).needs_password for venue in venues)
