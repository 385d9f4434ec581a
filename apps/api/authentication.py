"""Bearer tokens."""

from __future__ import annotations

from knox.auth import TokenAuthentication


class ScopedTokenAuthentication(TokenAuthentication):
    """A knox token; `request.auth` holds it, its scopes bound what it may do."""
