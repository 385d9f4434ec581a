"""One venue account's connection: plain values in and out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from apps.core.domain.money import ZERO
from apps.venues.domain.reports import (
    CandleRow,
    Credentials,
    FillReport,
    InstrumentRules,
    OrderReport,
    OrderTicket,
    QuoteRow,
)
from apps.venues.gateways import order_calls, reads
from apps.venues.gateways.budget import Admission, RateBudget
from apps.venues.gateways.classify import RAISED, NoSuchOrder, classify
from apps.venues.gateways.errors import NeverSent, RateLimited, ReadFailed, VenueError
from apps.venues.gateways.exchanges import (
    build_exchange,
    load_markets,
    open_session,
    reload_markets,
)
from apps.venues.gateways.families import family
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.retrying import Sleep, retried
from apps.venues.gateways.streams import Streams

T = TypeVar("T")
FILLS_PAGE: Final = 1000
FILLS_PAGES_MAX: Final = 50
# A symbol that the venue really lacks must not make every call read all markets.
RELOAD_SECONDS: Final = 5.0


def now_ms() -> int:
    """Return real time as epoch ms: signatures never run on a virtual clock."""
    return int(time.time() * 1000)


class Gateway:
    """The calls to one account; every method runs on the loop it was made for.

    Reads are retried and wait for the shared rate budget; order calls are sent once.
    """

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

    async def _open(self, *symbols: str) -> Any:
        """Return the exchange with its session and markets, read anew when a symbol is missing."""
        async with self._ready:
            if self._exchange is None:
                self._exchange = build_exchange(self.access)
                self._streams = Streams(self._exchange, self.traits)
                await open_session(self._exchange)
            if not self._exchange.markets:
                await self._try(lambda: load_markets(self._exchange, self.access), weight=20)
            unknown = [symbol for symbol in symbols if symbol not in self._exchange.markets]
            if unknown and time.monotonic() - self._reloaded_at > RELOAD_SECONDS:
                self._reloaded_at = time.monotonic()
                await self._try(lambda: reload_markets(self._exchange, self.access), weight=20)
        return self._exchange

    async def _try(self, read: Callable[[], Awaitable[T]], *, weight: int) -> T:
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
        if isinstance(error, RateLimited):
            await self.budget.back_off(error.retry_after)

    async def instruments(self) -> list[InstrumentRules]:
        """Return the rules of all spot instruments, read anew.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        await self._try(lambda: reload_markets(exchange, self.access), weight=20)
        found = (
            reads.instrument(exchange, self.traits, market) for market in exchange.markets.values()
        )
        return [rules for rules in found if rules is not None]

    async def candles(
        self, symbol: str, timeframe: str, since_ms: int | None, limit: int
    ) -> list[CandleRow]:
        """Return at most `limit` closed candles that open at `since_ms` or later, oldest first.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(symbol)
        rows = await self._try(
            lambda: exchange.fetch_ohlcv(symbol, timeframe, since_ms, limit), weight=2
        )
        return reads.closed_candles(rows, symbol=symbol, timeframe=timeframe, now_ms=now_ms())

    async def quotes(self, symbols: Sequence[str]) -> list[QuoteRow]:
        """Return the latest quote of each symbol that has one.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(*symbols)
        wanted = list(symbols)
        tickers = await self._try(
            lambda: exchange.fetch_tickers(wanted), weight=max(4, 2 * len(wanted))
        )
        found = (reads.quote(ticker, now_ms=now_ms()) for ticker in tickers.values())
        return [row for row in found if row is not None]

    async def balances(self) -> dict[str, Decimal]:
        """Return the total (free and locked) of every asset the account has or had.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        answer = await self._try(exchange.fetch_balance, weight=20)
        return {asset: reads.number(total) or ZERO for asset, total in answer["total"].items()}

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Return an order by our own id; None when the venue says that there is no such order.

        :raises VenueError: when the venue cannot be read, which proves nothing.
        """
        exchange = await self._open(symbol)
        params = {self.traits.client_id_param: client_order_id}
        try:
            answer = await self._try(
                lambda: exchange.fetch_order(client_order_id, symbol, params), weight=4
            )
        except NoSuchOrder:
            return None
        return self._whole(reads.order_report, answer)

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return the open orders of one symbol or of all.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(*([symbol] if symbol else []))
        exchange.options["warnOnFetchOpenOrdersWithoutSymbol"] = False
        answers = await self._try(
            lambda: exchange.fetch_open_orders(symbol), weight=6 if symbol else 80
        )
        return [self._whole(reads.order_report, answer) for answer in answers]

    async def fills(
        self, symbol: str, since_ms: int | None = None, venue_order_id: str | None = None
    ) -> list[FillReport]:
        """Return the account's fills of a symbol, oldest first, of one order or since a time.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(symbol)
        params = self.traits.fills_of_order(venue_order_id) if venue_order_id else {}
        since, found = since_ms, []
        for _ in range(FILLS_PAGES_MAX):
            page = await self._fills_page(exchange, symbol, since, params)
            found.extend(page)
            if len(page) < FILLS_PAGE or venue_order_id:
                return found
            since, params = None, self.traits.fills_after(page[-1])
        return found

    async def _fills_page(
        self, exchange: Any, symbol: str, since: int | None, params: dict[str, Any]
    ) -> list[FillReport]:
        answers = await self._try(
            lambda: exchange.fetch_my_trades(symbol, since, FILLS_PAGE, params), weight=20
        )
        return [self._whole(reads.fill_report, answer) for answer in answers]

    async def server_time_ms(self) -> int:
        """Return the venue's clock as epoch ms.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        return int(await self._try(exchange.fetch_time, weight=1))

    async def admit_orders(self, *, entries: int = 0, exits: int = 0) -> Admission:
        """Take rate tokens for order calls, without waiting; cancels count as exits.

        Take them before the send permit. Fewer than asked for are granted when the budget is
        spent or backing off, and no entries when the shared budget cannot be read.
        """
        return await self.budget.admit_orders(entries=entries, exits=exits)

    async def create_order(
        self, ticket: OrderTicket, *, permit_at_ms: int | None = None
    ) -> OrderReport:
        """Send an order once; see `order_calls.create`. `permit_at_ms` is real time, epoch ms."""
        exchange = await self._before_order(ticket.symbol)
        try:
            return await order_calls.create(
                exchange, self.traits, ticket, permit_at_ms=permit_at_ms or now_ms()
            )
        except RateLimited as error:
            await self._heed(error)
            raise

    async def cancel_order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Cancel an order once; None when the venue knows no such open order."""
        exchange = await self._before_order(symbol)
        try:
            return await order_calls.cancel(
                exchange, self.traits, symbol, client_order_id, at_ms=now_ms()
            )
        except RateLimited as error:
            await self._heed(error)
            raise

    async def _before_order(self, symbol: str) -> Any:
        try:
            return await self._open(symbol)
        except VenueError as error:
            raise NeverSent("MARKETS_UNREADABLE", message=str(error)) from error

    def _whole(self, read: Callable[[Any, Family, Any], T], answer: Any) -> T:
        try:
            return read(self._exchange, self.traits, answer)
        except reads.NOT_WHOLE as error:
            raise ReadFailed("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error

    async def streams(self) -> Streams:
        """Return the account's WebSocket streams."""
        await self._open()
        assert self._streams is not None
        return self._streams

    async def watch_candles(
        self, symbols: Sequence[str], timeframes: Sequence[str]
    ) -> AsyncIterator[list[CandleRow]]:
        """Yield closed candles as they arrive; see `Streams.candles`."""
        async for rows in (await self.streams()).candles(symbols, timeframes):
            yield rows

    async def watch_quotes(self, symbols: Sequence[str]) -> AsyncIterator[list[QuoteRow]]:
        """Yield quotes as they arrive; see `Streams.quotes`."""
        async for rows in (await self.streams()).quotes(symbols):
            yield rows

    async def watch_private(self) -> AsyncIterator[list[OrderReport | FillReport]]:
        """Yield what happens to our orders as it arrives; see `Streams.private`."""
        async for rows in (await self.streams()).private():
            yield rows

    async def close(self) -> None:
        """Close sessions and sockets."""
        if self._exchange is not None:
            self._exchange.timeout_on_exit = 0
            await self._exchange.close()
            self._exchange, self._streams = None, None
        await self.budget.close()
