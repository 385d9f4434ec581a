"""What a failed call means, by the venue's own code and never by ccxt's class."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from apps.venues.gateways.ccxt_lazy import ccxt_errors
from apps.venues.gateways.errors import (
    AlreadySo,
    KeyDoesNotSign,
    NeverSent,
    OutcomeUnknown,
    RateLimited,
    ReadFailed,
    Rejected,
    VenueError,
)
from apps.venues.gateways.families.base import Family, Meaning
from apps.venues.gateways.wire import Answer, answer_of

RETRY_AFTER_SECONDS: Final = 10.0
# The connection was never made: DNS, refused, unreachable, TLS
UNCONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)


class NoSuchOrder(Rejected):
    """The venue says that it does not know the order."""

    default_code = "NO_SUCH_ORDER"


def retry_after(answer: Answer) -> float:
    """Return the seconds the venue asks us to wait; a default where it does not say."""
    text = answer.header("Retry-After")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return RETRY_AFTER_SECONDS


def meaning(traits: Family, answer: Answer) -> Meaning:
    """Return what an answer proves, by the family's table."""
    code = traits.code_of(answer)
    for (listed, part), found in traits.by_message.items():
        if listed == code and part in answer.body:
            return found
    if code in traits.meanings:
        return traits.meanings[code]
    return Meaning.RATE_LIMITED if answer.status in traits.rate_statuses else Meaning.UNKNOWN


def classify(
    error: BaseException, traits: Family, *, is_order: bool, has_left: bool = True
) -> VenueError:
    """Return the named error for whatever a ccxt call raised.

    `has_left` says whether a request left this process at all: ccxt raises much on its own, and
    the same classes after an answer that it could not read. What is not understood is `OutcomeUnknown` for an order call and `ReadFailed` for a read.
    """
    if isinstance(error, VenueError):
        return error
    text = f"{type(error).__name__}: {error}"[:300]
    unclear: type[VenueError] = OutcomeUnknown if is_order else ReadFailed
    answer = answer_of(error)
    if answer is None:
        if is_order and (not has_left or _never_connected(error)):
            return NeverSent(message=text)
        return unclear(message=text)
    code = traits.code_of(answer)
    found = meaning(traits, answer)
    words = str(answer.json().get("msg") or answer.body)[:300]
    if found is Meaning.RATE_LIMITED:
        return RateLimited(retry_after=retry_after(answer), venue_code=code, message=words)
    kinds: dict[Meaning, type[Rejected]] = {
        Meaning.REJECTED: Rejected,
        Meaning.KEY: KeyDoesNotSign,
        Meaning.NO_SUCH_ORDER: NoSuchOrder,
        Meaning.ALREADY: AlreadySo,
    }
    if found in kinds:
        return kinds[found](code=code, message=words)
    return unclear(status=answer.status, venue_code=code, message=words)


def _never_connected(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UNCONNECTED):
            return True
        cause = cause.__cause__
    return False


# whatever a ccxt call raises: from the wire, or from reading an answer that makes no sense
RAISED: Final = (
    ccxt_errors.BaseError, asyncio.TimeoutError, aiohttp.ClientError, OSError,
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
)  # fmt: skip
