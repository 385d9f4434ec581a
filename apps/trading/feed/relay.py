"""Streams that are replaced before their venue cuts them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from apps.venues.gateways.gateway import Gateway

# venues cut a socket after 24 hours
LIFETIME_SECONDS: Final = 23 * 3600.0

Run = Callable[[Gateway, asyncio.Event], Awaitable[None]]


class Relay:
    """Runs a stream on a gateway of its own; the next one begins before this one is cut.

    `run(gateway, live)` streams until something fails and sets `live` once it is subscribed;
    for that moment both run, so that nothing falls between them.
    """

    def __init__(
        self, make: Callable[[], Gateway], run: Run, *, lifetime: float = LIFETIME_SECONDS
    ) -> None:
        self._make = make
        self._run = run
        self._lifetime = lifetime

    async def keep(self) -> None:
        """Stream until it fails.

        :raises BaseException: whatever ended the stream.
        """
        runner = self._start()
        try:
            while True:
                done, _ = await asyncio.wait({runner.task}, timeout=self._lifetime)
                if done:
                    return runner.task.result()
                following = self._start()
                await following.subscribed()
                runner, ended = following, runner
                await ended.stop()
        finally:
            await runner.stop()

    def _start(self) -> Runner:
        return Runner(self._make(), self._run)


class Runner:
    """One stream on its gateway."""

    def __init__(self, gateway: Gateway, run: Run) -> None:
        self._gateway = gateway
        self._live = asyncio.Event()
        self.task: asyncio.Future[None] = asyncio.ensure_future(run(gateway, self._live))

    async def subscribed(self) -> None:
        """Wait until it is subscribed or has failed."""
        waiting = asyncio.ensure_future(self._live.wait())
        either: set[asyncio.Future[Any]] = {waiting, self.task}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def stop(self) -> None:
        """End the stream and close its sockets."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._gateway.close()
