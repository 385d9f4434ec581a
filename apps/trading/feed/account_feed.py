"""What happens to our own orders and positions at one venue account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import to_ms
from apps.marketdata.clock import market_now
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.actions.store_venue_positions import store_venue_positions
from apps.trading.feed.backoff import RECOVERABLE, Backoff
from apps.trading.feed.catch_up import catch_up_fills, catch_up_orders
from apps.trading.feed.intake import Intake
from apps.trading.feed.market_feed import closing
from apps.trading.feed.relay import Relay
from apps.venues.domain.reports import FillReport, OrderReport, PositionReport
from apps.venues.gateways import build_gateway
from apps.venues.gateways.families.news import AccountNews, News
from apps.venues.gateways.gateway import Gateway

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 5.0
POSITIONS_SECONDS: Final = 10.0
FUNDING_SECONDS: Final = 60.0
# funding is read anew this far back, because a payment may appear late
FUNDING_OVERLAP_MS: Final = 24 * 3_600_000


class AccountFeed:
    """Streams order updates, fills and positions; polls while the stream is down.

    `symbols` are those that the account's bots trade; what happened on them while nobody
    listened is read after every connection.
    """

    def __init__(
        self, account_id: UUID, gateway: Gateway, intake: Intake, *,
        environment: str, symbols: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.symbols = tuple(symbols)
        self._account_id = account_id
        self._gateway = gateway
        self._intake = intake
        self._backoff = Backoff.for_environment(environment)
        self._relay = Relay(lambda: build_gateway(gateway.access), self._stream)
        self._live = 0
        self._funding_due = asyncio.Event()
        self._funding_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        loops = [self._keep(), self._every(POLL_SECONDS, self._poll)]
        if "linear" in self._gateway.traits.kinds:
            loops += [
                self._every(POSITIONS_SECONDS, self._poll_positions),
                self._every(1.0, self._poll_funding),
            ]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    def failed(self) -> BaseException | None:
        """Return why a loop ended that should not have."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return ended[0].exception() if ended else None

    async def stop(self) -> None:
        """End the stream and the sessions."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._gateway.close()

    async def _keep(self) -> None:
        while True:
            try:
                await self._relay.keep()
            except RECOVERABLE as error:
                wait = self._backoff.next()
                log.warning(
                    "feed.stream_lost", stream="private", account=str(self._account_id),
                    wait=wait, error=str(error),
                )  # fmt: skip
                await asyncio.sleep(wait)

    async def _stream(self, gateway: Gateway, live: asyncio.Event) -> None:
        stream = gateway.watch_private()
        try:
            async with closing(stream):
                async for rows in stream:
                    await self._take(rows)
                    if not live.is_set():
                        live.set()
                        self._live += 1
                        self._backoff.reset()
                        await self._catch_up()
        finally:
            self._live -= live.is_set()

    async def _take(self, rows: Sequence[News]) -> None:
        facts = [row for row in rows if isinstance(row, OrderReport | FillReport)]
        self._intake.take_facts(self._account_id, "stream", facts)
        positions = [row for row in rows if isinstance(row, PositionReport)]
        if positions:
            await self._intake.in_thread(
                store_venue_positions,
                account_id=self._account_id, reports=positions, is_complete=False,
            )  # fmt: skip
        if any(isinstance(row, AccountNews) for row in rows):
            self._funding_due.set()

    async def _catch_up(self) -> None:
        """Read what may have been missed, with an overlap: what is known changes nothing."""
        await catch_up_orders(self._account_id, self._gateway, self._intake)
        await catch_up_fills(self._account_id, self._gateway, self._intake, symbols=self.symbols)
        if "linear" in self._gateway.traits.kinds:
            await self._poll_positions()
            self._funding_due.set()

    async def _every(self, seconds: float, read: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await read()
            except RECOVERABLE as error:
                log.warning("feed.poll_failed", stream="private", error=str(error))

    async def _poll(self) -> None:
        if self._live == 0:
            await catch_up_orders(self._account_id, self._gateway, self._intake)

    async def _poll_positions(self) -> None:
        found = await self._gateway.positions()
        await self._intake.in_thread(
            store_venue_positions, account_id=self._account_id, reports=found
        )

    async def _poll_funding(self) -> None:
        """Read funding when the venue said that it was paid, and every minute."""
        is_due = self._funding_due.is_set() or time.monotonic() >= self._funding_at
        if not is_due:
            return
        self._funding_due.clear()
        since = to_ms(await self._intake.in_thread(market_now)) - FUNDING_OVERLAP_MS
        found = await self._gateway.funding(None, since)
        self._funding_at = time.monotonic() + FUNDING_SECONDS
        if found:
            await self._intake.in_thread(record_funding, account_id=self._account_id, reports=found)
