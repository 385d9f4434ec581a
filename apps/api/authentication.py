"""Bearer tokens."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.request import Request

from apps.accounts.actions.touch_token import touch_token
from apps.accounts.models import ApiToken


class ScopedTokenAuthentication(TokenAuthentication):
    """A hashed, expiring token; `request.auth` holds it and its scopes bound what it may do."""

    model = ApiToken

    def authenticate(self, request: Request) -> Any:
        """Return (user, token) and note, at most once a minute, that the token was used."""
        found = super().authenticate(request)
        if found is not None:
            touch_token(token=found[1])
        return found


class BearerScheme(OpenApiAuthenticationExtension):
    """How the schema names it."""

    target_class = "apps.api.authentication.ScopedTokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "`manage.py token create`"}
