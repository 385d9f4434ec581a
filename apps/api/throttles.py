"""How often a client may call; the answer says how much is left."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

SAFE = {"GET", "HEAD", "OPTIONS"}


class CountingThrottle(UserRateThrottle):
    """A window per caller that notes what is left for the `RateLimit-*` headers."""

    num_requests: int
    duration: int

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether the caller is within its rate."""
        if not self.counts(request):
            return True
        allowed = super().allow_request(request, view)
        left = max(0, self.num_requests - len(getattr(self, "history", [])))
        request._request.META["desk.rate"] = (self.num_requests, left, int(self.duration))
        return allowed

    def counts(self, request: Request) -> bool:
        """Return whether this throttle is about that request."""
        raise AssertionError("a subclass says which requests it counts")


class ReadThrottle(CountingThrottle):
    """Reads."""

    scope = "read"

    def counts(self, request: Request) -> bool:
        """Count safe methods."""
        return request.method in SAFE


class ActThrottle(CountingThrottle):
    """Acts."""

    scope = "act"

    def counts(self, request: Request) -> bool:
        """Count methods that change something."""
        return request.method not in SAFE
