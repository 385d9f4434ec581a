"""A gateway's session: opened on first use, its reads tried again within the rate budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from apps.venues.domain.reports import Credentials
from apps.venues.gateways import reads
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.classify import RAISED, classify
from apps.venues.gateways.errors import RateLimited, ReadFailed, Rejected, VenueError
from apps.venues.gateways.exchanges import (
    build_exchange,
    load_markets,
    open_session,
    reload_markets,
)
from apps.venues.gateways.families import family
from apps.venues.gateways.retrying import Sleep, retried
from apps.venues.gateways.streams import Streams
from apps.venues.gateways.venue_clock import VenueClock

T = TypeVar("T")
# A symbol that the venue really lacks must not make every call read all markets.
RELOAD_SECONDS: Final = 5.0
# reads that nobody signs
PUBLIC: Final = frozenset({"instruments", "candles", "quotes", "time"})


def now_ms() -> int:
    """Return real time as epoch ms: signatures never run on a virtual clock."""
    return int(time.time() * 1000)


class Connection:
    """Session, markets and retries of one account."""

    def __init__(
        self, access: Credentials, *, budget: RateBudget, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.access = access
        self.traits = family(access.venue)
        self.budget = budget
        self._sleep = sleep
        self._exchange: Any = None
        self._ready = asyncio.Lock()
        self._streams: Streams | None = None
        self._reloaded_at = -RELOAD_SECONDS
        self.clock = VenueClock(access.venue)

    async def _open(self, *symbols: str) -> Any:
        """Return the exchange with its session and markets, read anew when a symbol is missing."""
        async with self._ready:
            if self._exchange is None:
                self._exchange = build_exchange(self.access)
                self._streams = Streams(
                    self._exchange, self.traits, prices_move=self.access.environment != "simulated"
                )
                await open_session(self._exchange)
            if not self._exchange.markets:
                await self._try(lambda: load_markets(self._exchange, self.access), "instruments")
            unknown = [symbol for symbol in symbols if symbol not in self._exchange.markets]
            if unknown and time.monotonic() - self._reloaded_at > RELOAD_SECONDS:
                self._reloaded_at = time.monotonic()
                await self._try(lambda: reload_markets(self._exchange, self.access), "instruments")
        return self._exchange

    async def _agree(self) -> None:
        """Know the venue's clock before something is signed."""
        if self.access.api_key and self.traits.clock_codes:
            await self.clock.keep(self._venue_time, self._heard_clock)

    async def _venue_time(self) -> Any:
        await self.budget.wait_for_read(self.traits.weight("time"))
        try:
            return await self._exchange.fetch_time()
        except RAISED as error:
            named = classify(error, self.traits, is_order=False)
            await self._heed(named)
            raise named from error

    def _heard_clock(self, offset_ms: int) -> None:
        # what ccxt signs by itself, reads among it, carries the venue's time too
        self._exchange.options["timeDifference"] = -offset_ms

    async def _try(self, read: Callable[[], Awaitable[T]], name: str, *, times: int = 1) -> T:
        """Read with retries; `name` and `times` give the request weight."""
        weight = self.traits.weight(name) * times
        if name not in PUBLIC:
            await self._agree()

        async def once() -> T:
            await self.budget.wait_for_read(weight)
            try:
                return await read()
            except RAISED as error:
                named = classify(error, self.traits, is_order=False)
                await self._heed(named)
                raise named from error

        return await retried(once, sleep=self._sleep)

    async def _heed(self, error: VenueError) -> None:
        if isinstance(error, Rejected) and error.venue_code in self.traits.clock_codes:
            self.clock.distrust()
        if isinstance(error, RateLimited):
            await self.budget.back_off(error.retry_after)

    def _kind(self, symbol: str) -> str:
        market = self._exchange.markets.get(symbol)
        return reads.kind_of(market) if market else self.traits.kinds[0]

    def _whole(self, read: Callable[[Any, Any], T], answer: Any) -> T:
        try:
            return read(self._exchange, answer)
        except reads.NOT_WHOLE as error:
            raise ReadFailed("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error
