"""Every view declares what it needs; nothing declared is refused."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.api.caller import may
from apps.core.errors import NotPermitted


def needed(view: Any, action: str | None) -> str | None:
    """Return the permission that `view` declares for an action of the router, if any."""
    table: dict[str, str] = getattr(view, "needs", {})
    found = table.get(action or "")
    if found is None and action in {"list", "retrieve", "metadata"}:
        found = table.get("read")
    return found


class DeclaredPermission(BasePermission):
    """Allow what the view's `needs` table (action → permission) names and the caller has."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the caller may; a missing declaration is a refusal.

        :raises NotPermitted: naming the permission.
        """
        if not request.user.is_authenticated:
            return False
        action = getattr(view, "action", None) or (request.method or "").lower()
        permission = needed(view, action)
        if permission is None or permission not in may(request):
            raise NotPermitted(permission=permission or "undeclared")
        return True
