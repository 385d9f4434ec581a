"""Why a request or a vote is refused."""

from __future__ import annotations

from apps.core.errors import Conflict, NotFound, NotPermitted


class RequestNotFound(NotFound):
    """There is no such change request."""

    default_code = "REQUEST_NOT_FOUND"


class RequestClosed(Conflict):
    """The request is not in a state that allows this."""

    default_code = "REQUEST_CLOSED"


class VoteRefused(NotPermitted):
    """This person may not vote on this request, or not in this way; the code says why."""

    default_code = "VOTE_REFUSED"


class ProofMismatch(NotPermitted):
    """The change request does not say exactly this, or is not being applied."""

    default_code = "PROOF_MISMATCH"


class ContentChanged(Conflict):
    """What would be applied is no longer what was shown; the request is void."""

    default_code = "CONTENT_CHANGED"
