"""Offer the one-time sign-in link of a first run, where that is safe."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from apps.accounts.actions.make_welcome_link import make_welcome_link
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.ops.queries import live_account_exists

FIRST_PERSON: Final = "demo"


def offer_welcome_link(*, actor: Actor, username: str = FIRST_PERSON) -> str | None:
    """Return the path that signs a demo person in once, or None.

    None without DEBUG, for anybody who is no demo person, and beside any live account.
    """
    if not settings.DEBUG or live_account_exists():
        return None
    user = User.objects.filter(username=username, is_demo=True, is_active=True).first()
    if user is None:
        return None
    return f"/welcome/{make_welcome_link(actor=actor, user=user)}"
