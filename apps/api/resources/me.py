"""Who am I, and what may I do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.queries import roles_of
from apps.api.caller import may, person, token_of


class Me(APIView):
    """The caller: name, roles, permissions, and the token's scopes and end."""

    needs = {"get": "use_api"}

    @extend_schema(responses={200: {"type": "object"}})
    def get(self, request: Request) -> Response:
        """Return the caller."""
        user, token = person(request), token_of(request)
        body: dict[str, Any] = {
            "username": user.username,
            "roles": roles_of(user),
            "permissions": sorted(may(request)),
        }
        if token:
            body["token"] = {
                "name": token.name,
                "scopes": token.scopes,
                "expires_at": token.expiry,
            }
        return Response(body)
