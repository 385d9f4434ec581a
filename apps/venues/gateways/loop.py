"""The one asyncio loop thread of a process; it holds the venues' sessions."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_GUARD: Final = threading.Lock()
_RUNNING: dict[int, asyncio.AbstractEventLoop] = {}


def loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process, started on first use (so after any fork)."""
    with _GUARD:
        found = _RUNNING.get(os.getpid())
        if found is None:
            found = asyncio.new_event_loop()
            _RUNNING.clear()
            _RUNNING[os.getpid()] = found
            threading.Thread(target=found.run_forever, name="venues", daemon=True).start()
        return found


def submit(coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start a coroutine on the loop thread."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop())


def call(coroutine: Coroutine[Any, Any, T], *, timeout: float) -> T:
    """Run a coroutine on the loop thread and return its result; `timeout` in seconds.

    :raises TimeoutError: when it takes longer; the coroutine is cancelled.
    """
    future = submit(coroutine)
    try:
        return future.result(timeout)
    except concurrent.futures.TimeoutError as error:
        if not future.done():
            future.cancel()
        raise TimeoutError from error
