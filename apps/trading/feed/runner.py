"""The feed process: keeps one feed a market and one an account, as the active bots need them."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError

from apps.core.errors import DeskError
from apps.trading.feed.account_feed import AccountFeed
from apps.trading.feed.intake import Intake
from apps.trading.feed.market_feed import MarketFeed
from apps.trading.feed.plan import Market, MarketPlan, Plan, read_plan
from apps.venues.domain.reports import Credentials
from apps.venues.gateways import build_gateway
from apps.venues.gateways.gateway import Gateway
from apps.venues.queries import credentials

log = structlog.get_logger(__name__)

PLAN_SECONDS: Final = 3.0


class Feed:
    """All feeds of this process."""

    def __init__(self) -> None:
        self.intake = Intake()
        self._markets: dict[Market, MarketFeed] = {}
        self._gateways: dict[Market, Gateway] = {}
        self._accounts: dict[UUID, tuple[AccountFeed, Credentials]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow the plan until told to stop.

        :raises BaseException: whatever ended a loop that should never end; a restart heals it.
        """
        storing = asyncio.create_task(self.intake.run())
        try:
            while not stopping.is_set():
                await self._follow()
                self._raise_failures(storing)
                try:
                    async with asyncio.timeout(PLAN_SECONDS):
                        await stopping.wait()
                except TimeoutError:
                    continue
        finally:
            await self._stop_all()
            storing.cancel()
            self.intake.close()

    async def _follow(self) -> None:
        try:
            plan = await self.intake.in_thread(read_plan)
            await self._follow_markets(plan)
            await self._follow_accounts(plan)
        except (DatabaseError, DeskError) as error:
            log.warning("feed.plan_unreadable", error=str(error))

    async def _follow_markets(self, plan: Plan) -> None:
        for market in [known for known in self._markets if known not in plan.markets]:
            await self._markets.pop(market).stop()
            await self._gateways.pop(market).close()
        for market, wanted in plan.markets.items():
            running = self._markets.get(market)
            if running is not None and running.plan == wanted:
                continue
            if running is not None:
                await running.stop()
            self._start_market(market, wanted)

    def _start_market(self, market: Market, wanted: MarketPlan) -> None:
        # prices are public: no key is needed, and none is risked
        access = Credentials("", market.venue, market.environment, "", "")
        gateway = self._gateways.setdefault(market, build_gateway(access))
        self._markets[market] = MarketFeed(wanted, gateway, self.intake)
        self._markets[market].start()
        log.info(
            "feed.market", venue=market.venue, environment=market.environment,
            symbols=wanted.symbols, timeframes=wanted.timeframes,
        )  # fmt: skip

    async def _follow_accounts(self, plan: Plan) -> None:
        for account_id in [known for known in self._accounts if known not in plan.accounts]:
            await self._accounts.pop(account_id)[0].stop()
        for account_id, market in plan.accounts.items():
            access = await self.intake.in_thread(credentials, account_id=account_id)
            running = self._accounts.get(account_id)
            symbols = plan.symbols.get(account_id, ())
            if running is not None and running[1] == access:
                running[0].symbols = symbols
                continue
            if running is not None:
                await running[0].stop()
            feed = AccountFeed(
                account_id, build_gateway(access), self.intake,
                environment=market.environment, symbols=symbols,
            )  # fmt: skip
            self._accounts[account_id] = (feed, access)
            feed.start()

    def _raise_failures(self, storing: asyncio.Task[None]) -> None:
        if storing.done():
            storing.result()
        running: list[MarketFeed | AccountFeed] = list(self._markets.values())
        running += [feed for feed, _ in self._accounts.values()]
        for error in filter(None, (feed.failed() for feed in running)):
            raise error

    async def _stop_all(self) -> None:
        for market_feed in self._markets.values():
            await market_feed.stop()
        for account_feed, _ in self._accounts.values():
            await account_feed.stop()
        for gateway in self._gateways.values():
            await gateway.close()
