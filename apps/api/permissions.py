"""Every view declares what it needs; nothing declared is refused."""

from __future__ import annotations

from rest_framework.permissions import BasePermission


class DeclaredPermission(BasePermission):
    """Allow what the view's `needs` table names for the method or action."""
