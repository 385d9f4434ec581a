"""One venue account's connection: plain values in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Final

from apps.venues.domain.capabilities import How
from apps.venues.domain.reports import (
    CandleRow,
    OrderReport,
    OrderTicket,
    QuoteRow,
)
from apps.venues.domain.tickets import guarded
from apps.venues.gateways import account_calls, order_calls, reads
from apps.venues.gateways.acting import Acting
from apps.venues.gateways.connection import now_ms
from apps.venues.gateways.errors import (
    NeverSent,
    NotHere,
    OutcomeUnknown,
    VenueError,
)
from apps.venues.gateways.families.base import Terms, Wanted
from apps.venues.gateways.families.news import News
from apps.venues.gateways.streams import Streams
from apps.venues.gateways.witness import Witness

# a cancel is acknowledged before it is done: how long to wait between questions, in seconds
AFTER_CANCEL_SECONDS: Final = (0.1, 0.3, 0.6)


class Gateway(Acting, Witness):
    """The calls to one account; every method runs on the loop it was made for.

    Reads are retried and wait for the shared rate budget; order calls are sent once, and only
    when the venue's row of capabilities has all that the order asks.
    """

    async def create_order(
        self, ticket: OrderTicket, *, permit_at_ms: int | None = None
    ) -> OrderReport:
        """Send an order once; see `order_calls.create`. `permit_at_ms` is real time, epoch ms.

        A market ticket with a worst price goes out as the limit IOC that keeps it.

        :raises NotHere: `NOT_AT_THIS_VENUE`, a `NeverSent`.
        """
        async with self._acting(ticket.symbol) as exchange:
            terms = self._terms(exchange, ticket.symbol, permit_at_ms)
            self._demand(terms, ticket)
            ticket = await self._priced(exchange, ticket)
            sent = guarded(ticket, price_tick=self._tick(exchange, ticket.symbol))
            return await order_calls.create(exchange, self.traits, sent, terms)

    async def create_oco(
        self, stop: OrderTicket, target: OrderTicket, *, permit_at_ms: int | None = None
    ) -> list[OrderReport]:
        """Send a stop and a target as one group of which the venue cancels the other.

        Only where the venue's row says that `oco` is native; the reports come stop first.

        :raises NotHere: `NOT_AT_THIS_VENUE`, a `NeverSent`.
        """
        async with self._acting(stop.symbol) as exchange:
            terms = self._terms(exchange, stop.symbol, permit_at_ms)
            self._demand(terms, stop, native="oco")
            self._demand(terms, target)
            found = await order_calls.create_pair(exchange, self.traits, stop, target, terms)
            return sorted(found, key=lambda report: report.client_order_id != stop.client_order_id)

    async def edit_order(
        self, ticket: OrderTicket, replaces_client_order_id: str, *,
        venue_order_id: str = "", permit_at_ms: int | None = None,
    ) -> OrderReport:  # fmt: skip
        """Change an open order to a ticket's price and amount in one venue call.

        Only where the venue's row says that `edit` is native; amendments do not use it (ADR 14). `ticket.amount` is the order's
        new whole amount, what it filled included. Without the venue's id the order is looked for
        first. The report names the order as the venue now does: where the venue keeps its ids,
        `client_order_id` is still the replaced one.

        :raises NotHere: `NOT_AT_THIS_VENUE`, a `NeverSent`.
        :raises NeverSent: also `ORDER_NOT_OPEN`, when the venue does not have it open.
        :raises Rejected: the order is unchanged, or no longer open (`NO_SUCH_ORDER`).
        """
        async with self._acting(ticket.symbol) as exchange:
            terms = self._terms(exchange, ticket.symbol, permit_at_ms)
            self._demand(terms, ticket, native="edit")
            wanted = Wanted(ticket.symbol, replaces_client_order_id)
            if not venue_order_id:
                known = await self._find(exchange, wanted)
                if known is None or known.status != "open":
                    raise NeverSent("ORDER_NOT_OPEN", order=replaces_client_order_id)
                venue_order_id = known.venue_order_id
            replaced = replace(wanted, venue_order_id=venue_order_id)
            return await order_calls.edit(exchange, self.traits, ticket, replaced, terms)

    async def cancel_order(
        self, symbol: str, client_order_id: str, *, type: str = ""  # noqa: A002 - as the ticket's
    ) -> OrderReport | None:  # fmt: skip
        """Cancel an order once; None when the venue knows no such open order.

        Where conditional orders are kept apart both lists are tried, the one of the order's
        `type` first, and then the order that a triggered one became.
        """
        apart = self.traits.apart
        async with self._acting(symbol) as exchange:

            async def attempt(wanted: Wanted) -> OrderReport | None:
                return await order_calls.cancel(
                    exchange, self.traits, wanted, at_ms=self.clock.at(now_ms())
                )

            wanted = Wanted(symbol, client_order_id)
            if self.traits.accepted is not None:
                return await self._cancel_and_ask(exchange, wanted)
            if apart is None:
                return await attempt(wanted)
            is_first = type in apart.types
            for is_apart in (is_first, not is_first):
                if (report := await attempt(replace(wanted, is_apart=is_apart))) is not None:
                    return report
            known = await self._find(exchange, replace(wanted, is_apart=True))
            if known is None or not known.triggered_id:
                return None
            second = await attempt(replace(wanted, venue_order_id=known.triggered_id))
            return reads.merged(known, second) if second else None

    async def _cancel_and_ask(self, exchange: Any, wanted: Wanted) -> OrderReport | None:
        """Cancel where the answer says only that it was taken, and ask what became of the order."""
        terms = self._terms(exchange, wanted.symbol, None)
        if not await order_calls.cancel_acknowledged(exchange, self.traits, wanted, terms):
            return None
        for pause in AFTER_CANCEL_SECONDS:
            try:
                found = await self.order(wanted.symbol, wanted.client_order_id)
            except VenueError as error:
                raise OutcomeUnknown("CANCEL_NOT_SEEN", message=str(error)) from error
            if found is not None and found.status != "open":
                return found
            await self._sleep(pause)
        if found is None:
            raise OutcomeUnknown("CANCEL_NOT_SEEN", order=wanted.client_order_id)
        return found

    async def cancel_all(self, symbol: str) -> list[OrderReport]:
        """Cancel every open order of a symbol, whoever placed it; return what became of each.

        Where the venue's row says that the desk does it, the listed orders are cancelled one by
        one, as many as the rate budget grants. One that bears no client order id cannot be named
        so and stays as listed, open.

        :raises NotHere: `NOT_AT_THIS_VENUE`, where the venue's row refuses it.
        :raises VenueError: as `cancel_order`; some may be cancelled then.
        """
        async with self._acting(symbol) as exchange:
            terms = self._terms(exchange, symbol, None)
            if self._how(terms, "cancel_all") is How.EMULATED:
                return await self._cancel_each(exchange, symbol)
            before = await self.open_orders(symbol) if self.traits.apart else []
            found = await order_calls.sweep(
                exchange, self.traits, symbol, at_ms=self.clock.at(now_ms())
            )
            if self.traits.apart is not None:
                found += await order_calls.sweep(
                    exchange, self.traits, symbol, at_ms=self.clock.at(now_ms()), is_apart=True
                )
            named = {report.client_order_id for report in found}
            for report in before:
                if report.client_order_id not in named:
                    after = await self.order(symbol, report.client_order_id)
                    found += [after] if after else []
            return found

    async def _cancel_each(self, exchange: Any, symbol: str) -> list[OrderReport]:
        listed = await self.open_orders(symbol)
        named = [report for report in listed if report.client_order_id]
        granted = (await self.admit_orders(exits=len(named))).exits if named else 0
        ended: dict[str, OrderReport] = {}
        for report in named[:granted]:
            name = report.client_order_id
            # what the venue no longer has open ended by itself: it says how
            after = await self._cancel_and_ask(exchange, Wanted(symbol, name))
            after = after or await self.order(symbol, name)
            ended |= {name: after} if after else {}
        return [ended.get(report.client_order_id, report) for report in listed]

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the leverage of a perpetual.

        :raises VenueError: `Rejected` with the venue's code; `OutcomeUnknown` proves nothing.
        """
        async with self._acting(symbol) as exchange:
            await account_calls.set_leverage(
                exchange, self.traits, symbol, leverage, margin_mode=self.access.margin_mode
            )

    async def set_margin_mode(self, symbol: str, mode: str) -> None:
        """Set `cross` or `isolated` margin of a perpetual; no error when it already is so.

        :raises VenueError: as `set_leverage`; `NotHere` where the venue lacks it.
        """
        async with self._acting(symbol) as exchange:
            if mode == "isolated":
                self._demand_native(self._terms(exchange, symbol, None), "isolated_margin")
            if self.traits.leverage_words is None:
                await account_calls.set_margin_mode(exchange, self.traits, symbol, mode)
            elif mode != self.access.margin_mode:
                # it goes with each order, or with the leverage, as the account is set
                raise NotHere(venue=self.access.venue, feature="margin_mode", mode=mode)

    async def position_mode(self) -> str:
        """Return `one_way` or `hedge` as the account is set at the venue.

        :raises VenueError: when the venue cannot be read.
        """
        exchange = await self._open()
        if self.traits.position_mode:
            return self.traits.position_mode
        if (call := self.traits.position_mode_call) is not None:
            raw = await self._try(lambda: getattr(exchange, call.method)(call.params), "settings")
            return self._whole(lambda _, found: reads.position_mode(found), raw)
        answer = await self._try(exchange.fetch_position_mode, "settings")
        return "hedge" if answer["hedged"] else "one_way"

    async def set_position_mode(self, mode: str) -> None:
        """Set the account to `one_way` or `hedge`; no error when it already is so.

        :raises VenueError: as `set_leverage`; `NotHere` where the venue lacks it.
        """
        exchange = await self._before_order()
        if mode == self.traits.position_mode:
            return
        if mode == "hedge":
            self._demand_native(Terms(kind=self.traits.kinds[-1]), "hedge_mode")
        await account_calls.set_position_mode(exchange, self.traits, mode)

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

    async def watch_private(self) -> AsyncIterator[list[News]]:
        """Yield what happens to our orders, positions and funding; see `Streams.private`."""
        async for rows in (await self.streams()).private():
            yield rows

    async def close(self) -> None:
        """Close sessions and sockets."""
        await self.clock.close()
        if self._exchange is not None:
            self._exchange.timeout_on_exit = 0
            await self._exchange.close()
            self._exchange, self._streams = None, None
        await self.budget.close()
