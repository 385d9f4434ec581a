"""Open a venue account on the desk."""

from __future__ import annotations

import re
from typing import Final, Unpack

from django.db import transaction

from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.venues.actions.account_terms import Terms, check_terms
from apps.venues.gateways.families import FAMILIES
from apps.venues.models import VenueAccount

ENVIRONMENTS: Final = ("simulated", "testnet", "live")
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def create_account(
    *,
    actor: Actor,
    slug: str,
    name: str,
    venue: str,
    environment: str,
    **terms: Unpack[Terms],
) -> VenueAccount:
    """Create an account without keys; its venue and environment never change.

    :raises InvalidInput: `SLUG_INVALID`, `VENUE_NOT_TRADABLE`, `ENVIRONMENT_UNKNOWN`, and as
        `check_terms`.
    :raises Conflict: `SLUG_TAKEN`; `REHEARSAL_NO_LIVE_ACCOUNT` comes from the database.
    """
    if not SLUG.fullmatch(slug) or len(slug) > 48:
        raise InvalidInput("SLUG_INVALID", field="slug", slug=slug)
    if venue not in FAMILIES:
        raise InvalidInput(
            "VENUE_NOT_TRADABLE", field="venue", venue=venue, known=", ".join(FAMILIES)
        )
    if environment not in ENVIRONMENTS:
        raise InvalidInput("ENVIRONMENT_UNKNOWN", field="environment", environment=environment)
    check_terms(venue=venue, environment=environment, terms=terms)
    if VenueAccount.objects.filter(slug=slug).exists():
        raise Conflict("SLUG_TAKEN", field="slug", slug=slug)
    with transaction.atomic(), acting(actor=actor, verb="venue_account.create"):
        return VenueAccount.objects.create(
            slug=slug, name=name, venue=venue, environment=environment, **terms
        )
