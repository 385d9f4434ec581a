"""How often a client may call."""

from __future__ import annotations

from rest_framework.throttling import UserRateThrottle


class ReadThrottle(UserRateThrottle):
    """Reads."""

    scope = "read"


class ActThrottle(UserRateThrottle):
    """Acts."""

    scope = "act"
