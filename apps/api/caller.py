"""Who calls: the person behind a session or a token."""

from __future__ import annotations

from rest_framework.request import Request
from structlog.contextvars import get_contextvars

from apps.accounts.models import ApiToken, User
from apps.accounts.queries import actor_of, permissions_for
from apps.core.actor import Actor
from apps.core.errors import NotPermitted


def person(request: Request) -> User:
    """Return the signed-in person or the token's owner.

    :raises NotPermitted: `NOT_SIGNED_IN` for anyone else.
    """
    if not isinstance(request.user, User):
        raise NotPermitted("NOT_SIGNED_IN")
    return request.user


def token_of(request: Request) -> ApiToken | None:
    """Return the token of the call, None in a session."""
    return request.auth if isinstance(request.auth, ApiToken) else None


def may(request: Request) -> frozenset[str]:
    """Return the permissions of the call: the token's, else the person's."""
    return permissions_for(token_of(request) or person(request))


def acts(request: Request) -> Actor:
    """Return the caller as the audit writes it."""
    return actor_of(
        user=person(request),
        token=token_of(request),
        address=request.META.get("REMOTE_ADDR", ""),
        request_id=str(get_contextvars().get("request_id", "")),
    )
