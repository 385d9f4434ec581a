"""Use the one-time sign-in link of a first run."""

from __future__ import annotations

import ipaddress

from django.db import transaction

from apps.accounts.domain.links import digest
from apps.accounts.models import User, WelcomeLink
from apps.accounts.queries import actor_of
from apps.audit.actions.record import record
from apps.core.clock import now
from apps.core.errors import NotPermitted


class WelcomeRefused(NotPermitted):
    """The link is unknown, used, expired, or was opened from elsewhere."""

    default_code = "WELCOME_LINK_INVALID"


def use_welcome_link(*, token: str, address: str) -> User:
    """Return the person whom the link signs in, and end the link.

    :raises WelcomeRefused: `WELCOME_LOOPBACK_ONLY`, or `WELCOME_LINK_INVALID` without saying why.
    """
    if not _is_loopback(address):
        raise WelcomeRefused("WELCOME_LOOPBACK_ONLY", address=address)
    moment = now()
    link = WelcomeLink.objects.filter(token_hash=digest(token)).select_related("user").first()
    if link is None or not link.user.is_active or not link.user.is_demo:
        raise WelcomeRefused
    with transaction.atomic():
        # The conditional UPDATE, not the read above, makes it once.
        used = WelcomeLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=moment)
        if not used.update(used_at=moment):
            raise WelcomeRefused
        record(
            actor=actor_of(user=link.user, address=address),
            verb="welcome.use",
            subject=("user", str(link.user_id), link.user.username),
        )
    return link.user


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
