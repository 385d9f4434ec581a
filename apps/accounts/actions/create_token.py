"""Make an API token; its text is shown once and never stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db import transaction

from apps.accounts.domain.roles import check_scopes
from apps.accounts.models import ApiToken, User
from apps.audit.context import acting
from apps.core.actor import Actor
from apps.core.errors import InvalidInput

DAYS_MAX: Final = 90
# Lets a scanner of leaked secrets, and our own scrubber, know the text for what it is.
PREFIX: Final = "td_"


def create_token(
    *, actor: Actor, user: User, name: str, scopes: Collection[str], days: int = DAYS_MAX
) -> tuple[ApiToken, str]:
    """Return the new token's row and its text, valid for `days` days (1 to 90).

    :raises InvalidInput: `TOKEN_LIFETIME`, `TOKEN_NAME_MISSING`, `PERSON_INACTIVE` or
        `SCOPE_UNKNOWN`.
    """
    check_scopes(scopes)
    if not 1 <= days <= DAYS_MAX:
        raise InvalidInput("TOKEN_LIFETIME", field="days", value=days, maximum=DAYS_MAX)
    if not name.strip():
        raise InvalidInput("TOKEN_NAME_MISSING", field="name")
    if not user.is_active:
        raise InvalidInput("PERSON_INACTIVE", field="user", value=user.username)
    with transaction.atomic(), acting(actor=actor, verb="token.create"):
        return ApiToken.objects.create(  # type: ignore[no-any-return]
            user,
            expiry=timedelta(days=days),
            prefix=PREFIX,
            name=name.strip()[:80],
            scopes=sorted(set(scopes)),
        )
