"""WebSocket streams: ccxt connects and subscribes, the messages are read by the family's table.

ccxt's own watch functions hand out a cache of the last state, one message a call; what arrives
in between is merged. Here every message is kept in a mailbox until it is taken, all at once.
A socket proves that it lives by answering our pings; one that is silent for 5 s is dropped.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from apps.venues.domain.reports import CandleRow, QuoteRow
from apps.venues.gateways.classify import RAISED
from apps.venues.gateways.errors import StreamLost
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.families.news import AccountNews, News, QuotePart
from apps.venues.gateways.mailbox import Mailbox
from apps.venues.gateways.reads import market_of, ours

T = TypeVar("T")
CONNECT_SECONDS: Final = 10.0
PING_SECONDS: Final = 1.5
SILENT_SECONDS: Final = 5.0
# a real venue's prices move: a subscription that brings none is dead, whatever its socket says
QUOTES_DUE_SECONDS: Final = 30.0


class Streams:
    """The streams of one account: one of candles, one of quotes, one of its own orders."""

    def __init__(self, exchange: Any, traits: Family, *, prices_move: bool = False) -> None:
        self._exchange = exchange
        self._traits = traits
        self._prices_move = prices_move
        self._acknowledged: set[str] = set()
        self._candles: Mailbox[CandleRow] = Mailbox()
        self._quotes: Mailbox[QuoteRow] = Mailbox()
        self._private: Mailbox[News] = Mailbox()
        self._parts: dict[str, QuotePart] = {}
        exchange.tap = self._tap

    def silent_seconds(self) -> dict[str, float]:
        """Return for how long nothing came over each stream, in seconds."""
        boxes: dict[str, Mailbox[Any]] = {
            "candles": self._candles,
            "quotes": self._quotes,
            "private": self._private,
        }
        return {name: time.monotonic() - box.heard_at for name, box in boxes.items()}

    async def candles(
        self, symbols: Sequence[str], timeframes: Sequence[str]
    ) -> AsyncIterator[list[CandleRow]]:
        """Yield all closed candles that waited; the first, empty list says "subscribed".

        :raises StreamLost: when the socket closes or is silent.
        """
        pairs = [[symbol, timeframe] for symbol in symbols for timeframe in timeframes]
        self._candles = Mailbox()
        wanted = {
            self._traits.subscriptions.candles_prefix: lambda: (
                self._exchange.watch_ohlcv_for_symbols(pairs)
            )
        }
        async for rows in self._run("candles", wanted, lambda: self._candles):
            yield rows

    async def quotes(self, symbols: Sequence[str]) -> AsyncIterator[list[QuoteRow]]:
        """Yield all quotes that waited; the first, empty list says "subscribed".

        :raises StreamLost: when a socket closes or is silent.
        """
        self._quotes, self._parts = Mailbox(), {}
        names = list(symbols)
        wanted: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            prefix: partial(getattr(self._exchange, method), names)
            for method, prefix in self._traits.subscriptions.quotes
        }
        async for rows in self._run("quotes", wanted, lambda: self._quotes):
            yield rows

    async def private(self) -> AsyncIterator[list[News]]:
        """Yield all that waited of our account; the first, empty list says "subscribed".

        :raises StreamLost: when the socket closes, is silent, or the venue ends the stream.
        """
        self._private = Mailbox()
        wanted = {self._traits.subscriptions.private_prefix: self._watch_orders}
        async for rows in self._run("private", wanted, lambda: self._private):
            yield rows

    async def _watch_orders(self) -> None:
        words = self._traits.subscriptions
        if words.acknowledges:
            await self._exchange.authenticate(dict(words.private_params))
            self._acknowledged.add(self._client(words.private_prefix).url)
        await self._exchange.watch_orders()

    async def _run(
        self, name: str, wanted: dict[str, Callable[[], Coroutine[Any, Any, Any]]],
        box: Callable[[], Mailbox[T]],
    ) -> AsyncIterator[list[T]]:  # fmt: skip
        if not self._traits.streams:
            raise StreamLost("STREAMS_UNSUPPORTED", venue=self._exchange.id)
        self._exchange.ws_dial_backoff = {}
        mailbox = box()
        # ccxt's futures stay pending, because the tap takes the messages; they end with the socket
        watching = [asyncio.ensure_future(subscribe()) for subscribe in wanted.values()]
        for task in watching:
            task.add_done_callback(lambda done: mailbox.end(_reason(done)))
        pinging = asyncio.ensure_future(self._keep_pinging(list(wanted), mailbox))
        try:
            for prefix in wanted:
                await self._subscribed(prefix, mailbox)
            yield mailbox.take()
            while True:
                await mailbox.arrived.wait()
                if mailbox.rows:
                    yield mailbox.take()
                if mailbox.ended:
                    raise StreamLost(kind=name, message=mailbox.ended)
        finally:
            for task in (*watching, pinging):
                task.cancel()
            for prefix in wanted:
                await self._hang_up(prefix)
            # also one that failed while it was cancelled is looked at
            await asyncio.gather(*watching, pinging, return_exceptions=True)

    async def _keep_pinging(self, prefixes: list[str], mailbox: Mailbox[Any]) -> None:
        """Ping every socket of a stream; end the stream when one does not answer."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._prices_move and mailbox is self._quotes:
                quiet = time.monotonic() - mailbox.heard_at
                if quiet > QUOTES_DUE_SECONDS:
                    mailbox.end(f"no price for {quiet:.0f} s")
                    return
            for prefix in prefixes:
                client = self._client(prefix)
                if client is None or not client.isConnected or client.connection is None:
                    continue
                heard = getattr(client, "last_message_at", None) or client.connectionEstablished
                silent = (self._exchange.milliseconds() - (heard or 0)) / 1000
                if heard and silent > SILENT_SECONDS:
                    mailbox.end(f"silent for {silent:.1f} s")
                    return
                try:
                    await client.connection.ping()
                except (OSError, RuntimeError, *RAISED) as error:
                    mailbox.end(repr(error))
                    return

    async def _subscribed(self, prefix: str, mailbox: Mailbox[Any]) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        words = self._traits.subscriptions
        is_quiet = prefix == words.private_prefix and not words.acknowledges
        while not mailbox.ended and time.monotonic() < deadline:
            client = self._client(prefix)
            if client is not None and client.url in self._acknowledged:
                return
            if client is not None and is_quiet and client.isConnected:
                return
            await asyncio.sleep(0.01)
        raise StreamLost(kind=prefix.strip(":"), message=mailbox.ended or "no acknowledgement")

    def _client(self, prefix: str) -> Any:
        for client in (self._exchange.clients or {}).values():
            if any(str(key).startswith(prefix) for key in client.subscriptions):
                return client
        return None

    async def _hang_up(self, prefix: str) -> None:
        client = self._client(prefix)
        if client is None:
            return
        self._acknowledged.discard(client.url)
        self._exchange.clients.pop(client.url, None)
        await client.close()

    def _tap(self, client: Any, message: Any) -> bool:
        """Take what a family reader understands; leave the rest to ccxt."""
        if not isinstance(message, dict):
            return False
        if "result" in message and "status" not in message:
            self._acknowledged.add(client.url)
            return True
        body = message.get("event", message)
        body = body if isinstance(body, dict) else message
        if self._traits.ends_stream(body):
            self._private.end(str(body.get("e")))
            return True
        return self._take_public(body) or self._take_private(body)

    def _take_public(self, body: dict[str, Any]) -> bool:
        if self._traits.is_kline(body):
            self._candles.heard_at = time.monotonic()
            if row := self._traits.read_kline(body):
                symbol = self._symbol(row.symbol, body)
                self._candles.put(dataclasses.replace(row, symbol=symbol))
            return True
        if part := self._traits.read_quote(body):
            self._quotes.heard_at = time.monotonic()
            self._take_quote(dataclasses.replace(part, symbol=self._symbol(part.symbol, body)))
            return True
        return False

    def _take_quote(self, part: QuotePart) -> None:
        """Put a part to what is known of its symbol; a quote is one that has a last price."""
        known = self._parts.get(part.symbol)
        if known is not None:
            news = {
                f.name: value
                for f in dataclasses.fields(part)
                if (value := getattr(part, f.name)) is not None
            }
            news["at_ms"] = max(known.at_ms, part.at_ms)
            part = dataclasses.replace(known, **news)
        self._parts[part.symbol] = part
        if part.last is not None:
            self._quotes.put(
                QuoteRow(
                    part.symbol, part.bid, part.ask, part.last, part.at_ms,
                    mark=part.mark, funding_rate=part.funding_rate,
                    next_funding_ms=part.next_funding_ms,
                )
            )  # fmt: skip

    def _take_private(self, body: dict[str, Any]) -> bool:
        found = self._traits.read_private(body)
        if found is None:
            return False
        self._private.heard_at = time.monotonic()
        self._private.put(
            *(
                item
                if isinstance(item, AccountNews)
                else ours(self._exchange, self._traits, item, row=body)
                for item in found
            )
        )
        return True

    def _symbol(self, venue_symbol: str, body: dict[str, Any]) -> str:
        kind = self._traits.kind_of(body) or self._traits.kinds[0]
        market = market_of(self._exchange, venue_symbol, kind)
        return str(market["symbol"]) if market else venue_symbol


def _reason(done: asyncio.Future[Any]) -> str:
    if done.cancelled():
        return "cancelled"
    error = done.exception()
    if error is None:
        return "ended"
    return str(error) if isinstance(error, RAISED) else repr(error)
