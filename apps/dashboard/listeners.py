"""Who listens on a socket, asked again while it is open."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async

from apps.accounts.models import User
from apps.dashboard.access import rights_of


@database_sync_to_async  # type: ignore[untyped-decorator]
def permissions_now(scope: dict[str, Any]) -> frozenset[str] | None:
    """Return what the socket's person may do now; None when the session or the person ended."""
    session, user = scope.get("session"), scope.get("user")
    if session is None or user is None or not user.is_authenticated or not session.session_key:
        return None
    if not session.exists(session.session_key):
        return None
    present = User.objects.filter(pk=user.pk, is_active=True, is_machine=False).first()
    if present is None or present.password != user.password:
        return None
    return rights_of(present).permissions
