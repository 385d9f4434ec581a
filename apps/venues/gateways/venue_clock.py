"""How far a venue's clock is from ours, measured; what is signed carries the venue's time.

Binance refuses what comes from more than 1 s ahead of its clock, and every venue what is older than
the receive window. So the offset is measured (half of the round trip taken off), renewed, and added
to the moment of the claim: a request that leaves late is refused as before, and clocks that differ
refuse nothing. Clocks that differ by more than the bound are a broken machine: nothing new is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from apps.venues.gateways.errors import NeverSent, VenueError

log = structlog.get_logger(__name__)
# beyond this nothing new is sent; cancels and reads go on, signed with the venue's time
OFFSET_MAX_MS: Final = 5_000
RENEW_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 5.0
SAMPLES: Final = 3
# half of it bounds the error: a good answer ends the measurement, a slow one does not count
GOOD_TRIP_SECONDS: Final = 0.2
TRIP_MAX_SECONDS: Final = 1.0

Ask = Callable[[], Awaitable[Any]]


class VenueClock:
    """The measured offset of one connection: venue minus ours, whole milliseconds."""

    def __init__(self, venue: str) -> None:
        self.offset_ms = 0
        self._venue = venue
        self._is_known = False
        self._due_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._first = asyncio.Lock()

    def distrust(self) -> None:
        """Measure anew before the next call: the venue refused a time that we signed."""
        self._is_known, self._due_at = False, 0.0

    def at(self, our_ms: int) -> int:
        """Return what the venue's clock shows at a moment of ours; epoch ms both."""
        return our_ms + self.offset_ms

    def demand(self) -> None:
        """Refuse to send anything new while the clocks are too far apart.

        :raises NeverSent: `CLOCK_OFF`.
        """
        if abs(self.offset_ms) > OFFSET_MAX_MS:
            # a machine that was set right may send again with the next call
            self._due_at = min(self._due_at, time.monotonic())
            raise NeverSent(
                "CLOCK_OFF", venue=self._venue, offset_ms=self.offset_ms, max_ms=OFFSET_MAX_MS
            )

    async def keep(self, ask: Ask, heard: Callable[[int], None]) -> None:
        """Measure when due: at once the first time or in doubt, else beside the call.

        `ask` reads the venue's clock (epoch ms); `heard` is told a new offset.
        """
        if time.monotonic() < self._due_at:
            return
        if self._is_known and abs(self.offset_ms) <= OFFSET_MAX_MS:
            self._due_at = time.monotonic() + AGAIN_SECONDS
            self._task = asyncio.create_task(self._measure(ask, heard))
            return
        async with self._first:
            if time.monotonic() >= self._due_at:
                await self._measure(ask, heard)

    async def close(self) -> None:
        """End a measurement that is under way."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _measure(self, ask: Ask, heard: Callable[[int], None]) -> None:
        self._due_at = time.monotonic() + AGAIN_SECONDS
        best: tuple[float, int] | None = None
        for _ in range(SAMPLES):
            started = time.monotonic()
            try:
                theirs = int(await ask())
            except VenueError as error:
                log.info("venue.clock_unread", venue=self._venue, error=str(error)[:200])
                break
            trip = time.monotonic() - started
            offset = round(theirs - (time.time() - trip / 2) * 1000)
            best = min(best or (trip, offset), (trip, offset))
            if trip <= GOOD_TRIP_SECONDS:
                break
        if best is None or best[0] > TRIP_MAX_SECONDS:
            return
        self.offset_ms, self._is_known = best[1], True
        self._due_at = time.monotonic() + RENEW_SECONDS
        heard(self.offset_ms)
        if abs(self.offset_ms) > OFFSET_MAX_MS:
            log.error("venue.clock_off", venue=self._venue, offset_ms=self.offset_ms)
