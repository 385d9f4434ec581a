"""Who am I, and what may I do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import ApiToken, User
from apps.accounts.queries import permissions_for, roles_of


class Me(APIView):
    """The caller: name, roles, permissions, and the token's scopes and end."""

    needs = {"get": "use_api"}

    @extend_schema(responses={200: {"type": "object"}})
    def get(self, request: Request) -> Response:
        """Return the caller."""
        user: Any = request.user
        assert isinstance(user, User)  # noqa: S101 - the permission refuses anonymous callers
        token = request.auth if isinstance(request.auth, ApiToken) else None
        body = {
            "username": user.username,
            "roles": roles_of(user),
            "permissions": sorted(permissions_for(token or user)),
        }
        if token:
            body["token"] = {"name": token.name, "scopes": token.scopes, "expires_at": token.expiry}
        return Response(body)
