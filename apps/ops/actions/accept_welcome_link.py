"""Let the one-time sign-in link in, where that is still safe."""

from __future__ import annotations

from apps.accounts.actions.use_welcome_link import WelcomeRefused, use_welcome_link
from apps.accounts.models import User
from apps.ops.queries import live_account_exists


def accept_welcome_link(*, token: str, address: str) -> User:
    """Return the person whom the link signs in, and end the link.

    :raises WelcomeRefused: `WELCOME_BESIDE_LIVE_ACCOUNT`, `WELCOME_LOOPBACK_ONLY`,
        `WELCOME_LINK_INVALID`.
    """
    if live_account_exists():
        raise WelcomeRefused("WELCOME_BESIDE_LIVE_ACCOUNT")
    return use_welcome_link(token=token, address=address)
