"""Reads are tried three times; nothing else is ever tried twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from apps.venues.gateways.errors import RateLimited, ReadFailed

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 3
WAIT_MIN_SECONDS: Final = 2
WAIT_MAX_SECONDS: Final = 10
PATIENCE_SECONDS: Final = 30
_EXPONENTIAL: Final = wait_exponential(multiplier=2, min=WAIT_MIN_SECONDS, max=WAIT_MAX_SECONDS)


def _is_worth_trying_again(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after <= PATIENCE_SECONDS
    return isinstance(error, ReadFailed)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    # what the venue asks for goes before what we would choose
    return error.retry_after if isinstance(error, RateLimited) else _EXPONENTIAL(state)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0
    log.info("venue.read_again", attempt=state.attempt_number, wait=wait, error=str(error))


async def retried(read: Callable[[], Awaitable[T]], *, sleep: Sleep = asyncio.sleep) -> T:
    """Return what `read` returns within 3 attempts, waiting 2 to 10 s or as the venue asks.

    :raises VenueError: the last error, at once when trying again cannot help.
    """
    attempts: Any = AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        retry=retry_if_exception(_is_worth_trying_again),
        before_sleep=_tell,
        reraise=True,
    )
    result: T = await attempts(read)
    return result
