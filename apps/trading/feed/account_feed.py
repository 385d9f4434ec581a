"""What happens to our own orders at one venue account."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog

from apps.trading.feed.backoff import RECOVERABLE, Backoff
from apps.trading.feed.catch_up import catch_up_orders
from apps.trading.feed.intake import Intake
from apps.trading.feed.market_feed import closing
from apps.venues.gateways.gateway import Gateway

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 5.0


class AccountFeed:
    """Streams order updates and fills; polls open orders while the stream is down."""

    def __init__(
        self, account_id: UUID, gateway: Gateway, intake: Intake, *, environment: str
    ) -> None:
        self._account_id = account_id
        self._gateway = gateway
        self._intake = intake
        self._backoff = Backoff.for_environment(environment)
        self._is_live = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._poll())]

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
                await self._stream()
            except RECOVERABLE as error:
                wait = self._backoff.next()
                log.warning(
                    "feed.stream_lost", stream="private", account=str(self._account_id),
                    wait=wait, error=str(error),
                )  # fmt: skip
                await asyncio.sleep(wait)
            finally:
                self._is_live = False

    async def _stream(self) -> None:
        stream = self._gateway.watch_private()
        async with closing(stream):
            async for rows in stream:
                self._intake.take_facts(self._account_id, "stream", rows)
                if not self._is_live:
                    self._is_live = True
                    self._backoff.reset()
                    await catch_up_orders(self._account_id, self._gateway, self._intake)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._is_live:
                continue
            try:
                await catch_up_orders(self._account_id, self._gateway, self._intake)
            except RECOVERABLE as error:
                log.warning("feed.poll_failed", stream="private", error=str(error))
