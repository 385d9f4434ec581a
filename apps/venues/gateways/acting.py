"""What every order call and setting needs: markets known, the venue able, a price where it asks one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.core.domain.money import exact, floor_to
from apps.venues.domain.capabilities import How, NotAtThisVenue, demand
from apps.venues.domain.reports import OrderTicket
from apps.venues.domain.tickets import features_of
from apps.venues.gateways import reads
from apps.venues.gateways.connection import now_ms
from apps.venues.gateways.errors import NeverSent, NotHere, RateLimited, Rejected, VenueError
from apps.venues.gateways.families.base import Terms
from apps.venues.gateways.reading import Reading


class Acting(Reading):
    """The checks before a call that changes something at the venue."""

    @asynccontextmanager
    async def _acting(self, symbol: str) -> AsyncIterator[Any]:
        exchange = await self._before_order(symbol)
        try:
            yield exchange
        except (RateLimited, Rejected) as error:
            await self._heed(error)
            raise

    async def _before_order(self, *symbols: str) -> Any:
        try:
            exchange = await self._open(*symbols)
        except VenueError as error:
            raise NeverSent("MARKETS_UNREADABLE", message=str(error)) from error
        await self._agree()
        return exchange

    def _terms(self, exchange: Any, symbol: str, permit_at_ms: int | None) -> Terms:
        market = exchange.markets.get(symbol)
        if market is None:
            raise NeverSent("SYMBOL_UNKNOWN", symbol=symbol)
        return Terms(
            kind=reads.kind_of(market),
            venue_symbol=str(market["id"]),
            position_mode=self.access.position_mode,
            margin_mode=self.access.margin_mode,
            contract_size=reads.contract_size(market)
            if self.traits.counts_contracts
            else reads.ONE,
            at_ms=self.clock.at(permit_at_ms or now_ms()),
        )

    async def _priced(self, exchange: Any, ticket: OrderTicket) -> OrderTicket:
        """Return a market order with the last price, where the venue has none but limit orders."""
        wants = self.traits.market_needs_price and ticket.type == "market"
        if not wants or ticket.worst_price is not None or ticket.price is not None:
            return ticket
        try:
            (quote,) = await self.quotes([ticket.symbol])
        except (VenueError, ValueError) as error:
            raise NeverSent("PRICE_UNREADABLE", message=str(error)) from error
        return replace(ticket, price=floor_to(quote.last, self._tick(exchange, ticket.symbol)))

    def _tick(self, exchange: Any, symbol: str) -> Decimal:
        return exact(str(exchange.markets[symbol]["precision"]["price"]))

    def _demand(self, terms: Terms, ticket: OrderTicket, *, native: str = "") -> None:
        self.clock.demand()
        features = features_of(ticket)
        if terms.position_mode == "hedge" and ticket.position_side:
            features += ("hedge_mode",)
        try:
            demand(venue=self.access.venue, kind=terms.kind, features=features)
        except NotAtThisVenue as error:
            raise NotHere(**error.context) from error
        if native:
            self._demand_native(terms, native)

    def _how(self, terms: Terms, feature: str) -> How:
        try:
            return demand(venue=self.access.venue, kind=terms.kind, features=(feature,))[feature]
        except NotAtThisVenue as error:
            raise NotHere(**error.context) from error

    def _demand_native(self, terms: Terms, feature: str) -> None:
        if self._how(terms, feature) is not How.NATIVE:
            raise NotHere(venue=self.access.venue, kind=terms.kind, feature=feature, native=False)
