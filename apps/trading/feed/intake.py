"""What arrived and is not stored yet; everything that waits goes into one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from celery import current_app
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from kombu.exceptions import OperationalError as BrokerDown

from apps.core.bell import aring
from apps.core.clock import to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.clock import market_now
from apps.marketdata.queries import forget
from apps.orders.actions.store_facts import store_facts
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.actions.store_venue_positions import store_venue_positions
from apps.trading.feed.plan import Market
from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    FundingReport,
    OrderReport,
    PositionReport,
    QuoteRow,
)
from apps.venues.gateways.families.news import Report

T = TypeVar("T")
log = structlog.get_logger(__name__)

QUOTE_SECONDS: Final = 0.5
BELL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.5
# A closed candle waits this long for the quote of its close, so that a cycle sees both.
HOLD_SECONDS: Final = 0.25
NUDGE_EXPIRES_SECONDS: Final = 5
NUDGED_TASK: Final = "trading.run_account"


@dataclass(slots=True)
class Waiting:
    """Rows that wait to be stored."""

    candles: dict[Market, list[CandleRow]] = field(default_factory=dict)
    quotes: dict[Market, dict[str, QuoteRow]] = field(default_factory=dict)
    facts: dict[tuple[UUID, str], list[Report]] = field(default_factory=dict)

    def is_urgent(self) -> bool:
        """Return whether somebody waits for it: candles and facts, not quotes alone."""
        return bool(self.candles or self.facts)


class Intake:
    """Collects from all streams, stores in one thread, then nudges the workers once an account."""

    def __init__(self) -> None:
        self._waiting = Waiting()
        self._arrived = asyncio.Event()
        self._held_since = 0.0
        self._quoted_at_ms: dict[tuple[Market, str], int] = {}
        self._listeners: dict[Market, tuple[UUID, ...]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feed-db")
        self._rang_at = 0.0

    async def in_thread(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run database work in the one thread that holds the connection.

        :raises DatabaseError: as the work does; the connection is then made anew.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: _guarded(work, *args, **kwargs)
        )

    def listen(self, market: Market, account_ids: tuple[UUID, ...]) -> None:
        """Name the accounts to nudge when candles of a market are stored."""
        self._listeners[market] = account_ids

    def take_candles(self, market: Market, rows: Sequence[CandleRow]) -> None:
        """Accept closed candles."""
        if rows:
            self._waiting.candles.setdefault(market, []).extend(rows)
            self._arrived.set()

    def take_quotes(self, market: Market, rows: Sequence[QuoteRow]) -> None:
        """Accept quotes; the newest of a symbol replaces the others."""
        for row in rows:
            self._waiting.quotes.setdefault(market, {})[row.symbol] = row
            self._quoted_at_ms[market, row.symbol] = row.at_ms
        if rows:
            self._arrived.set()

    def take_facts(self, account_id: UUID, source: str, rows: Sequence[Report]) -> None:
        """Accept what a venue said of our orders, positions and funding."""
        if rows:
            self._waiting.facts.setdefault((account_id, source), []).extend(rows)
            self._arrived.set()

    async def run(self) -> None:
        """Store what arrives, for ever."""
        stored_quotes_at = 0.0
        while True:
            await self._arrived.wait()
            if not self._waiting.is_urgent():
                due_in = stored_quotes_at + QUOTE_SECONDS - time.monotonic()
                if due_in > 0:
                    await self._sleep_unless_urgent(due_in)
            if self._is_early():
                await asyncio.sleep(0.002)
                continue
            self._arrived.clear()
            waiting, self._waiting = self._waiting, Waiting()
            stored_quotes_at = time.monotonic()
            await self._store(waiting)

    async def _sleep_unless_urgent(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._waiting.is_urgent():
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._arrived.wait()
            except TimeoutError:
                break
        self._arrived.set()

    def _is_early(self) -> bool:
        """Return whether candles should still wait for the quotes of their close."""
        lacking = any(
            self._quoted_at_ms.get((market, row.symbol), 0) < row.ts + TIMEFRAME_MS[row.timeframe]
            for market, rows in self._waiting.candles.items()
            for row in rows
        )
        if not lacking:
            self._held_since = 0.0
            return False
        self._held_since = self._held_since or time.monotonic()
        if time.monotonic() - self._held_since < HOLD_SECONDS:
            return True
        self._held_since = 0.0
        return False

    async def _store(self, waiting: Waiting) -> None:
        accounts: list[UUID] = []
        while True:
            try:
                accounts = await self.in_thread(_write, waiting, self._listeners)
                break
            except (OperationalError, InterfaceError) as error:
                log.warning("feed.database_away", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except DatabaseError as error:
                # trying again cannot help; catching up and polling bring what is true
                log.error("feed.batch_refused", error=str(error))
                forget()
                break
        if accounts:
            await self.in_thread(_nudge, accounts)
        if waiting.quotes and time.monotonic() - self._rang_at >= BELL_SECONDS:
            self._rang_at = time.monotonic()
            await aring("quotes")

    def close(self) -> None:
        """End the thread and its connection."""
        self._thread.submit(_hang_up)
        self._thread.shutdown()


def _hang_up() -> None:
    # looked up here, in the thread that owns it
    connection.close()


def _guarded(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return work(*args, **kwargs)
    except DatabaseError:
        connection.close()
        raise


def _write(waiting: Waiting, listeners: dict[Market, tuple[UUID, ...]]) -> list[UUID]:
    """Store everything in one transaction and return the accounts that have something to do."""
    accounts: set[UUID] = set()
    with transaction.atomic():
        for market, quotes in waiting.quotes.items():
            store_quotes(
                venue=market.venue, environment=market.environment, rows=list(quotes.values())
            )
        for market, rows in waiting.candles.items():
            stored = store_candles(venue=market.venue, environment=market.environment, rows=rows)
            # a close that market time has not reached starts nothing: lock-step moves the clock later
            if stored and min(map(_close_ms, rows)) <= to_ms(market_now()):
                accounts.update(listeners.get(market, ()))
        for (account_id, source), reports in waiting.facts.items():
            orders = [row for row in reports if isinstance(row, OrderReport)]
            fills = [row for row in reports if isinstance(row, FillReport)]
            if store_facts(account_id=account_id, source=source, orders=orders, fills=fills):
                accounts.add(account_id)
            _write_of_perpetuals(account_id, reports)
    return sorted(accounts)


def _write_of_perpetuals(account_id: UUID, reports: Sequence[Report]) -> None:
    positions = [row for row in reports if isinstance(row, PositionReport)]
    if positions:
        store_venue_positions(account_id=account_id, reports=positions, is_complete=False)
    payments = [row for row in reports if isinstance(row, FundingReport)]
    record_funding(account_id=account_id, reports=payments)


def _close_ms(row: CandleRow) -> int:
    return row.ts + TIMEFRAME_MS[row.timeframe]


def _nudge(accounts: list[UUID]) -> None:
    """Wake a worker for each account; a nudge that is lost is made good by the next tick."""
    try:
        for account_id in accounts:
            current_app.send_task(
                NUDGED_TASK, [str(account_id)], queue="trading",
                expires=NUDGE_EXPIRES_SECONDS, retry=False,
            )  # fmt: skip
    except (BrokerDown, OSError) as error:
        log.info("feed.nudge_lost", error=str(error))
