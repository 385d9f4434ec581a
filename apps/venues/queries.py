"""Reads of venue accounts."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from apps.core.errors import NotFound
from apps.core.sealing import KeyRing
from apps.venues.domain.keys import seal_context
from apps.venues.domain.reports import Credentials
from apps.venues.models import VenueAccount


def keyring() -> KeyRing:
    """Return the key ring that seals venue keys.

    :raises SealBroken: when the configured ring is not one.
    """
    return KeyRing.parse(settings.DESK_KEYRING)


def credentials(*, account_id: UUID) -> Credentials:
    """Return what a gateway needs to sign in as this account; keys are empty when none is set.

    :raises NotFound: `ACCOUNT_NOT_FOUND`.
    :raises SealBroken: when a sealed key was moved, altered or sealed by an unknown key.
    """
    account = VenueAccount.objects.filter(id=account_id).first()
    if account is None:
        raise NotFound("ACCOUNT_NOT_FOUND", account=str(account_id))
    ring = keyring()
    opened = {
        field: ring.open(sealed, context=seal_context(account.id, field)) if sealed else ""
        for field, sealed in (
            ("api_key", account.api_key_sealed),
            ("api_secret", account.api_secret_sealed),
            ("api_password", account.api_password_sealed),
        )
    }
    return Credentials(
        account_id=str(account.id),
        venue=account.venue,
        environment=account.environment,
        position_mode=account.position_mode,
        margin_mode=account.margin_mode,
        sandbox=account.sandbox,
        **opened,
    )


def account_id_of(*, slug: str) -> UUID:
    """Return the id of the account with this slug.

    :raises NotFound: `ACCOUNT_NOT_FOUND`.
    """
    found = VenueAccount.objects.filter(slug=slug).values_list("id", flat=True).first()
    if found is None:
        raise NotFound("ACCOUNT_NOT_FOUND", account=slug)
    return found
