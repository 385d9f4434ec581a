"""Make the one-time sign-in link of a first run."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from apps.accounts.domain.links import digest
from apps.accounts.models import User, WelcomeLink
from apps.audit.actions.record import record
from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.errors import NotPermitted

LIFETIME: Final = timedelta(minutes=15)


def make_welcome_link(*, actor: Actor, user: User) -> str:
    """Return the text of a link that signs `user` in once within 15 minutes, from the loopback.

    Earlier unused links of the user end here. Whether a link may be offered at all beside the
    desk's accounts is asked above (`ops.actions.offer_welcome_link`).

    :raises NotPermitted: `WELCOME_DEMO_ONLY` for anyone but an active demo person.
    """
    if not user.is_demo or not user.is_active or user.is_machine:
        raise NotPermitted("WELCOME_DEMO_ONLY", user=user.username)
    token, moment = secrets.token_urlsafe(24), now()
    WelcomeLink.objects.filter(user=user, used_at=None).delete()
    WelcomeLink.objects.create(
        token_hash=digest(token), user=user, created_at=moment, expires_at=moment + LIFETIME
    )
    record(actor=actor, verb="welcome.make", subject=("user", str(user.id), user.username))
    return token
