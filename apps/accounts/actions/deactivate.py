"""Take away a person's access; what they did stays on record."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import ApiToken, User
from apps.audit.context import acting
from apps.core.actor import Actor


def deactivate(*, actor: Actor, user: User, reason: str) -> User:
    """Make the user inactive and revoke their tokens; sessions end with their next request."""
    with transaction.atomic(), acting(actor=actor, verb="person.deactivate", reason=reason):
        User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
        ApiToken.objects.filter(user=user).delete()
    user.is_active = False
    return user
