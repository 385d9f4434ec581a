"""Seal all venue keys anew under the first key of the ring."""

from __future__ import annotations

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.venues.domain.keys import seal_context
from apps.venues.models import VenueAccount
from apps.venues.queries import keyring

FIELDS = ("api_key", "api_secret", "api_password")


def rewrap_keys(*, actor: Actor) -> int:
    """Re-seal every stored key that an older ring key sealed; return how many accounts changed.

    :raises SealBroken: when a key cannot be opened; then nothing is changed.
    """
    ring = keyring()
    current = f"{next(iter(ring.keys))}:"
    changed = 0
    with transaction.atomic(), acting(actor=actor, verb="venue_account.rewrap_keys"):
        for account in VenueAccount.objects.select_for_update().exclude(api_key_sealed=""):
            found = {field: getattr(account, f"{field}_sealed") for field in FIELDS}
            sealed = {field: blob for field, blob in found.items() if blob}
            if all(blob.startswith(current) for blob in sealed.values()):
                continue
            anew = {
                f"{field}_sealed": ring.seal(
                    ring.open(blob, context=seal_context(account.id, field)),
                    context=seal_context(account.id, field),
                )
                for field, blob in sealed.items()
            }
            VenueAccount.objects.filter(id=account.id).update(**anew)
            changed += 1
    return changed
