"""What can go wrong between us and a venue, by what it means for an order."""

from __future__ import annotations

from typing import Any

from apps.core.errors import DeskError
from apps.venues.domain.capabilities import NotAtThisVenue


class VenueError(DeskError):
    """A call to a venue that did not end well."""

    default_code = "VENUE_ERROR"
    status = 502


class NeverSent(VenueError):
    """Nothing left this process, so nothing can have happened at the venue."""

    default_code = "NEVER_SENT"


class Rejected(VenueError):
    """The venue refused the request with a code that proves it had no effect."""

    default_code = "REJECTED"

    def __init__(self, *, code: str, message: str, **context: Any) -> None:
        self.venue_code = code
        super().__init__("REJECTED", venue_code=code, message=message, **context)


class KeyDoesNotSign(Rejected):
    """The venue does not accept our key, its signature or its permissions."""

    default_code = "KEY_DOES_NOT_SIGN"

    def __init__(self, *, code: str, message: str, **context: Any) -> None:
        super().__init__(code=code, message=message, **context)
        self.code = "KEY_DOES_NOT_SIGN"
        self.args = (str(self),)


class RateLimited(VenueError):
    """The venue asks us to slow down; `retry_after` in seconds from now. Nothing was executed."""

    default_code = "RATE_LIMITED"
    status = 429

    def __init__(self, *, retry_after: float, **context: Any) -> None:
        self.retry_after = retry_after
        super().__init__("RATE_LIMITED", retry_after=retry_after, **context)


class AlreadySo(Rejected):
    """A setting already is as asked."""

    default_code = "ALREADY_SO"


class OutcomeUnknown(VenueError):
    """The request may have been executed; only the venue's own evidence can tell."""

    default_code = "OUTCOME_UNKNOWN"


class ReadFailed(VenueError):
    """A read failed, after its retries; it changed nothing and proves nothing."""

    default_code = "READ_FAILED"


class StreamLost(VenueError):
    """A socket closed or fell silent."""

    default_code = "STREAM_LOST"


class NotHere(NotAtThisVenue, NeverSent):
    """The venue lacks a feature of the order; nothing left this process."""

    default_code = "NOT_AT_THIS_VENUE"
    status = 422
