"""The prices of one venue and environment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata.actions.sync_instruments import store_instruments
from apps.trading.feed.backoff import RECOVERABLE, Backoff
from apps.trading.feed.catch_up import catch_up_candles
from apps.trading.feed.intake import Intake
from apps.trading.feed.plan import MarketPlan, Need
from apps.trading.feed.relay import Relay
from apps.venues.domain.reports import CandleRow
from apps.venues.gateways import build_gateway
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway

Stream = Callable[[Gateway, asyncio.Event, Backoff], Awaitable[None]]

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
        self._speaking: dict[str, Gateway] = {}
        self._opens: dict[Need, int] = {}
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

    async def _keep(self, name: str, stream: Stream) -> None:
        """Open a stream again and again, and the next before the venue cuts it."""
        backoff = Backoff.for_environment(self.plan.market.environment)

        async def run(gateway: Gateway, live: asyncio.Event) -> None:
            self._speaking[name] = gateway
            await stream(gateway, live, backoff)

        relay = Relay(lambda: build_gateway(self._gateway.access), run)
        while True:
            try:
                await relay.keep()
            except RECOVERABLE as error:
                wait = backoff.next()
                log.warning("feed.stream_lost", stream=name, wait=wait, error=str(error))
                await asyncio.sleep(wait)

    async def _stream_candles(
        self, gateway: Gateway, live: asyncio.Event, backoff: Backoff
    ) -> None:
        stream = gateway.watch_candles(self.plan.symbols, self.plan.timeframes)
        async with closing(stream):
            async for rows in stream:
                has_gap = self._has_gap(rows)
                self._intake.take_candles(self.plan.market, rows)
                if live.is_set() and not has_gap:
                    continue
                if not live.is_set():
                    live.set()
                    backoff.reset()
                    self._tried.clear()
                came = await catch_up_candles(
                    self.plan, self._gateway, self._intake, tried=self._tried
                )
                log.info(
                    "feed.candles_live", venue=self.plan.market.venue, caught_up=came, gap=has_gap
                )

    def _has_gap(self, rows: Sequence[CandleRow]) -> bool:
        """Return whether a candle is missing between these and the last ones; its need is due."""
        has_gap = False
        for row in rows:
            need = (row.symbol, row.timeframe)
            last = self._opens.get(need)
            if last is not None and row.ts > last + TIMEFRAME_MS[row.timeframe]:
                self._tried.discard(need)
                has_gap = True
            self._opens[need] = max(row.ts, last or 0)
        return has_gap

    async def _stream_quotes(self, gateway: Gateway, live: asyncio.Event, backoff: Backoff) -> None:
        stream = gateway.watch_quotes(self.plan.symbols)
        async with closing(stream):
            async for rows in stream:
                live.set()
                backoff.reset()
                self._intake.take_quotes(self.plan.market, rows)

    async def _poll(self, name: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read over REST while the stream is silent."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if await self._silence(name) < SILENT_SECONDS:
                continue
            try:
                await read()
            except RECOVERABLE as error:
                log.warning("feed.poll_failed", stream=name, error=str(error))

    async def _silence(self, name: str) -> float:
        """Return for how long a stream has brought nothing, in seconds."""
        gateway = self._speaking.get(name)
        try:
            return (await gateway.streams()).silent_seconds()[name] if gateway else SILENT_SECONDS
        except VenueError:
            return SILENT_SECONDS

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
