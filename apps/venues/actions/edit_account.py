"""Change the settings of a venue account."""

from __future__ import annotations

from typing import Unpack
from uuid import UUID

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.venues.actions.account_terms import Terms, check_terms
from apps.venues.gateways import build_gateway
from apps.venues.gateways.loop import call
from apps.venues.models import VenueAccount
from apps.venues.queries import credentials


def edit_account(
    *, actor: Actor, account_id: UUID, reason: str, **terms: Unpack[Terms]
) -> VenueAccount:
    """Change the given settings; a new position mode is set at the venue first.

    The venue refuses another position mode while positions or orders are open; then nothing
    changes here.

    :raises Conflict: `ACCOUNT_NOT_OPEN` when it is archived or does not exist.
    :raises InvalidInput: as `check_terms`.
    :raises VenueError: when the venue does not take the position mode.
    """
    account = VenueAccount.objects.filter(id=account_id, archived_at=None).first()
    if account is None:
        raise Conflict("ACCOUNT_NOT_OPEN", account=str(account_id))
    check_terms(venue=account.venue, environment=account.environment, terms=terms)
    wanted = terms.get("position_mode", account.position_mode)
    if wanted != account.position_mode and account.api_key_sealed:
        _set_at_venue(account_id, wanted)
    with transaction.atomic(), acting(actor=actor, verb="venue_account.edit", reason=reason):
        if not VenueAccount.objects.filter(id=account_id, archived_at=None).update(**terms):
            raise Conflict("ACCOUNT_NOT_OPEN", account=str(account_id))
    account.refresh_from_db()
    return account


def _set_at_venue(account_id: UUID, mode: str) -> None:
    gateway = build_gateway(credentials(account_id=account_id))

    async def act() -> None:
        try:
            await gateway.set_position_mode(mode)
        finally:
            await gateway.close()

    call(act(), timeout=30)
