"""What a gateway reads; reads are retried and wait for the shared rate budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from apps.core.domain.money import ZERO
from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    FundingReport,
    InstrumentRules,
    OrderReport,
    PositionReport,
    QuoteRow,
)
from apps.venues.gateways import reads
from apps.venues.gateways.asking import FillsAsked, fills, find, lists, place
from apps.venues.gateways.budget import Admission
from apps.venues.gateways.classify import NoSuchOrder
from apps.venues.gateways.connection import Connection, now_ms
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.exchanges import reload_markets
from apps.venues.gateways.families.base import Wanted
from apps.venues.gateways.funding import with_rates
from apps.venues.gateways.wire import about

T = TypeVar("T")
log = structlog.get_logger(__name__)

FILLS_PAGE: Final = 1000
FILLS_PAGES_MAX: Final = 50


class Reading(Connection):
    """The reads of one account; every method runs on the loop it was made for."""

    async def instruments(self) -> list[InstrumentRules]:
        """Return the rules of all instruments of the family's kinds, read anew.

        Leverage and maintenance of perpetuals come with an account that signs, else as the
        venue's public list has them.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        await self._try(lambda: reload_markets(exchange, self.access), "instruments")
        tiers = await self._tiers(exchange)
        found = (
            reads.instrument(exchange, self.traits, market, tiers)
            for market in exchange.markets.values()
        )
        return [rules for rules in found if rules is not None]

    async def _tiers(self, exchange: Any) -> dict[str, Any]:
        """Return the leverage tiers per symbol; none without a key that may read them."""
        if not self.traits.reads_tiers or not self.access.api_key:
            return {}
        try:
            return dict(await self._try(exchange.fetch_leverage_tiers, "settings"))
        except VenueError as error:
            log.warning("venue.tiers_unreadable", venue=self.access.venue, error=str(error))
            return {}

    async def candles(
        self, symbol: str, timeframe: str, since_ms: int | None, limit: int
    ) -> list[CandleRow]:
        """Return at most `limit` closed candles that open at `since_ms` or later, oldest first.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(symbol)
        rows = await self._try(
            lambda: exchange.fetch_ohlcv(symbol, timeframe, since_ms, limit), "candles"
        )
        return reads.closed_candles(rows, symbol=symbol, timeframe=timeframe, now_ms=now_ms())

    async def listed(self, symbols: Sequence[str]) -> list[str]:
        """Return those of `symbols` that the venue lists.

        :raises VenueError: when its markets cannot be read.
        """
        exchange = await self._open(*symbols)
        return [symbol for symbol in symbols if symbol in exchange.markets]

    async def quotes(self, symbols: Sequence[str]) -> list[QuoteRow]:
        """Return the latest quote of each symbol that has one, mark and funding of perpetuals.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(*symbols)
        wanted = list(symbols)
        linear = [s for s in wanted if self._kind(s) == "linear"]
        tickers: dict[str, Any] = {}
        for group in filter(None, (linear, [s for s in wanted if s not in set(linear)])):
            tickers |= await self._try(
                partial(exchange.fetch_tickers, group), "quotes", times=max(1, len(group) // 2)
            )
        books, funding = {}, {}
        if linear and self.traits.quotes_apart:
            books = await self._try(lambda: exchange.fetch_bids_asks(linear), "quotes")
        if linear:
            funding = await self._try(lambda: exchange.fetch_funding_rates(linear), "quotes")
        found = (
            reads.quote(
                ticker, book=books.get(symbol) or {}, funding=funding.get(symbol) or {},
                now_ms=now_ms(),
            )
            for symbol, ticker in tickers.items()
        )  # fmt: skip
        return [row for row in found if row is not None]

    async def balances(self) -> dict[str, Decimal]:
        """Return the total (free and locked) of every asset the account has or had.

        A perpetuals wallet counts without unrealised profit.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        found: dict[str, Decimal] = {}
        for wallet in self.traits.wallets:
            answer = await self._try(partial(exchange.fetch_balance, dict(wallet)), "balances")
            totals = self._whole(lambda _, raw: reads.totals(self.traits, raw), answer)
            found |= {asset: found.get(asset, ZERO) + total for asset, total in totals.items()}
        return found

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Return an order by our own id; None when the venue says that there is no such order.

        Conditional orders kept apart are looked for too, and what became of one that triggered
        is read from its second order: `venue_order_id` stays the first, `triggered_id` names it.

        :raises VenueError: when the venue cannot be read, which proves nothing.
        """
        exchange = await self._open(symbol)
        wanted = Wanted(symbol, client_order_id)
        plain = await self._find(exchange, wanted)
        if self.traits.apart is None:
            return await self._with_second(exchange, symbol, plain)
        apart = await self._find(exchange, replace(wanted, is_apart=True))
        if apart is None or not apart.triggered_id:
            return apart or plain
        second = plain or await self._find(
            exchange, replace(wanted, venue_order_id=apart.triggered_id)
        )
        return reads.merged(apart, second)

    async def _with_second(
        self, exchange: Any, symbol: str, first: OrderReport | None
    ) -> OrderReport | None:
        """Return a conditional order that triggered with what became of its second."""
        if first is None or not first.triggered_id or self.traits.find_of is None:
            return first
        second = Wanted(symbol, first.client_order_id, venue_order_id=first.triggered_id)
        return reads.merged(first, await self._find(exchange, second))

    async def _find(self, exchange: Any, wanted: Wanted) -> OrderReport | None:
        if self.traits.find_of is not None:
            terms = place(exchange, self.traits, wanted.symbol, at_ms=now_ms())
            return await find(exchange, self.traits, wanted, terms, read=self._try)
        params = wanted.params(self.traits)
        try:
            with about("query", wanted.client_order_id):
                answer = await self._try(
                    lambda: exchange.fetch_order(wanted.id, wanted.symbol, params), "order"
                )
        except NoSuchOrder:
            return None
        return self._report(answer, is_apart=wanted.is_apart)

    def _report(self, answer: Any, *, is_apart: bool, kind: str = "") -> OrderReport:
        read = partial(reads.order_report, is_apart=is_apart, kind=kind)
        return self._whole(lambda ex, raw: read(ex, self.traits, raw), answer)

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return the open orders of one symbol or of all, conditional ones among them.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(*([symbol] if symbol else []))
        exchange.options["warnOnFetchOpenOrdersWithoutSymbol"] = False
        kind = self._kind(symbol) if symbol else ""
        found: list[OrderReport] = []
        for name, words, one in await lists(
            exchange, self.traits, symbol, kind=kind, read=self._try
        ):
            found += await self._open_orders(exchange, name, words, kind=one)
        if self.traits.apart is not None:
            params = dict(self.traits.apart.params)
            found += await self._open_orders(exchange, symbol, params, is_apart=True)
        return found

    async def _open_orders(
        self, exchange: Any, symbol: str | None, params: dict[str, Any],
        *, is_apart: bool = False, kind: str = "",
    ) -> list[OrderReport]:  # fmt: skip
        answers = await self._try(
            lambda: exchange.fetch_open_orders(symbol, None, None, params),
            "open_orders" if symbol else "all_open_orders",
        )
        return [self._report(answer, is_apart=is_apart, kind=kind) for answer in answers]

    async def fills(
        self, symbol: str, since_ms: int | None = None, venue_order_id: str | None = None
    ) -> list[FillReport]:
        """Return the account's fills of a symbol, oldest first, of one order or since a time.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open(symbol)
        params = self.traits.fills_of_order(venue_order_id) if venue_order_id else {}
        if self.traits.accepted is not None:
            asked = FillsAsked(symbol, self._kind(symbol), since_ms, params, venue_order_id or "")
            return await fills(exchange, self.traits, asked, read=self._try)
        since, found = since_ms, []
        for _ in range(FILLS_PAGES_MAX):
            page = await self._fills_page(exchange, symbol, since, params)
            found.extend(page)
            if len(page) < FILLS_PAGE or venue_order_id or self.traits.fills_after is None:
                return found
            since, params = None, self.traits.fills_after(page[-1])
        return found

    async def _fills_page(
        self, exchange: Any, symbol: str, since: int | None, params: dict[str, Any]
    ) -> list[FillReport]:
        answers = await self._try(
            lambda: exchange.fetch_my_trades(symbol, since, FILLS_PAGE, params), "fills"
        )
        return [
            self._whole(lambda ex, raw: reads.fill_report(ex, self.traits, raw), answer)
            for answer in answers
        ]

    async def positions(self, symbols: Sequence[str] | None = None) -> list[PositionReport]:
        """Return the open positions of perpetuals; one that is not named is flat.

        :raises VenueError: when the venue cannot be read.
        """
        if self.traits.read_position is None:
            return []
        exchange = await self._open(*(symbols or ()))
        wanted = list(symbols) if symbols is not None else None
        # ccxt takes one symbol of some venues, so those are asked for all
        asked = wanted if self.traits.accepted is None else None
        answers = await self._try(lambda: exchange.fetch_positions(asked), "positions")
        found = [
            self._whole(lambda ex, raw: reads.position_report(ex, self.traits, raw), answer)
            for answer in answers
        ]
        return [r for r in found if r.amount and (wanted is None or r.symbol in wanted)]

    async def funding(self, symbol: str | None, since_ms: int | None) -> list[FundingReport]:
        """Return the funding payments of one perpetual or of all since a time, oldest first.

        :raises VenueError: when the venue cannot be read.
        """
        if self.traits.read_funding is None:
            return []
        exchange = await self._open(*([symbol] if symbol else []))
        answers = await self._try(
            lambda: exchange.fetch_funding_history(symbol, since_ms, FILLS_PAGE), "funding"
        )
        found = [
            self._whole(lambda ex, raw: reads.funding_report(ex, self.traits, raw), answer)
            for answer in answers
        ]
        if self.access.position_mode == "hedge":
            found = await with_rates(found, partial(self._charges, exchange))
        return sorted(found, key=lambda report: (report.at_ms, report.venue_id))

    async def _charges(self, exchange: Any, symbol: str, since_ms: int) -> Any:
        fetch = exchange.fetch_funding_rate_history
        return await self._try(lambda: fetch(symbol, since_ms, FILLS_PAGE), "funding")

    async def server_time_ms(self) -> int:
        """Return the venue's clock as epoch ms.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        return int(await self._try(exchange.fetch_time, "time"))

    async def admit_orders(self, *, entries: int = 0, exits: int = 0) -> Admission:
        """Take rate tokens for order calls, without waiting; cancels count as exits.

        Take them before the send permit. Fewer than asked for are granted when the budget is
        spent or backing off, and no entries when the shared budget cannot be read.
        """
        return await self.budget.admit_orders(entries=entries, exits=exits)
