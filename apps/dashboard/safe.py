"""Small guards of requests: where to go back to, and that a form counts once."""

from __future__ import annotations

import re
from typing import Final
from uuid import uuid4

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from apps.core.errors import Conflict

ONCE_SECONDS: Final = 3600
KEY: Final = re.compile(r"[0-9a-f]{32}")


class SubmittedTwice(Conflict):
    """The same form was sent before; the first one counts."""

    default_code = "SUBMITTED_TWICE"


def local_address(request: HttpRequest, address: str, *, default: str = "/") -> str:
    """Return `address` when it stays on this desk, else `default`."""
    fits = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if fits and address.startswith("/") else default


def submission_key() -> str:
    """Return a new key for a form that must count once."""
    return uuid4().hex


def take_once(request: HttpRequest) -> None:
    """Take the form's key.

    :raises SubmittedTwice: when it was taken before. A form without a key is not refused: the
        actions themselves are safe to repeat.
    """
    key = request.POST.get("submission", "")
    if KEY.fullmatch(key) and not cache.add(f"submission:{request.user.pk}:{key}", 1, ONCE_SECONDS):
        raise SubmittedTwice(message="This form was sent already; it was done once.")
