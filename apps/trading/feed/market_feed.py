"""The prices of one venue and environment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import structlog

from apps.marketdata.actions.sync_instruments import store_instruments
from apps.trading.feed.backoff import RECOVERABLE, Backoff
from apps.trading.feed.catch_up import catch_up_candles
from apps.trading.feed.intake import Intake
from apps.trading.feed.plan import MarketPlan, Need
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway

log = structlog.get_logger(__name__)

SILENT_SECONDS: Final = 5.0
POLL_SECONDS: Final = 2.5
SYNC_SECONDS: Final = 3600.0
SYNC_AGAIN_SECONDS: Final = 5.0


class MarketFeed:
    """Streams candles and quotes of a plan; polls while a stream is down or silent."""

    def __init__(self, plan: MarketPlan, gateway: Gateway, intake: Intake) -> None:
        self.plan = plan
        self._gateway = gateway
        self._intake = intake
        self._tried: set[Need] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._intake.listen(self.plan.market, self.plan.account_ids)
        loops: list[Awaitable[None]] = [self._sync()]
        if self.plan.needs:
            loops += [
                self._keep("candles", self._stream_candles),
                self._keep("quotes", self._stream_quotes),
                self._poll("candles", self._poll_candles),
                self._poll("quotes", self._poll_quotes),
            ]
        self._tasks = [asyncio.ensure_future(loop) for loop in loops]  # type: ignore[misc]

    def failed(self) -> BaseException | None:
        """Return why a loop ended that should not have."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return ended[0].exception() if ended else None

    async def stop(self) -> None:
        """End the streams; the gateway stays open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _sync(self) -> None:
        """Keep the instruments and their rules up to date."""
        market = self.plan.market
        while True:
            wait = SYNC_SECONDS
            try:
                rules = await self._gateway.instruments()
                await self._intake.in_thread(
                    store_instruments,
                    venue=market.venue, environment=market.environment, rules=rules,
                )  # fmt: skip
            except RECOVERABLE as error:
                log.warning("feed.instruments_unreadable", venue=market.venue, error=str(error))
                wait = SYNC_AGAIN_SECONDS
            await asyncio.sleep(wait)

    async def _keep(self, name: str, stream: Callable[[Backoff], Awaitable[None]]) -> None:
        """Open a stream again and again."""
        backoff = Backoff.for_environment(self.plan.market.environment)
        while True:
            try:
                await stream(backoff)
            except RECOVERABLE as error:
                wait = backoff.next()
                log.warning("feed.stream_lost", stream=name, wait=wait, error=str(error))
                await asyncio.sleep(wait)

    async def _stream_candles(self, backoff: Backoff) -> None:
        stream = self._gateway.watch_candles(self.plan.symbols, self.plan.timeframes)
        async with closing(stream):
            is_first = True
            async for rows in stream:
                self._intake.take_candles(self.plan.market, rows)
                if is_first:
                    is_first = False
                    backoff.reset()
                    self._tried.clear()
                    came = await catch_up_candles(
                        self.plan, self._gateway, self._intake, tried=self._tried
                    )
                    log.info("feed.candles_live", venue=self.plan.market.venue, caught_up=came)

    async def _stream_quotes(self, backoff: Backoff) -> None:
        stream = self._gateway.watch_quotes(self.plan.symbols)
        async with closing(stream):
            async for rows in stream:
                backoff.reset()
                self._intake.take_quotes(self.plan.market, rows)

    async def _poll(self, name: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read over REST while the stream is silent."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            streams = await self._silence()
            if streams[name] < SILENT_SECONDS:
                continue
            try:
                await read()
            except RECOVERABLE as error:
                log.warning("feed.poll_failed", stream=name, error=str(error))

    async def _silence(self) -> dict[str, float]:
        try:
            return (await self._gateway.streams()).silent_seconds()
        except VenueError:
            return {"candles": SILENT_SECONDS, "quotes": SILENT_SECONDS}

    async def _poll_candles(self) -> None:
        await catch_up_candles(self.plan, self._gateway, self._intake, tried=self._tried)

    async def _poll_quotes(self) -> None:
        self._intake.take_quotes(self.plan.market, await self._gateway.quotes(self.plan.symbols))


@contextlib.asynccontextmanager
async def closing(stream: Any) -> AsyncIterator[None]:
    """Close an async generator at the end, so that its socket is hung up at once."""
    try:
        yield
    finally:
        await stream.aclose()
