"""WebSocket streams: ccxt connects and subscribes, the messages are read by the family's table.

ccxt's own watch functions hand out a cache of the last state, one message a call; what arrives
in between is merged. Here every message is kept in a mailbox until it is taken, all at once.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from apps.venues.domain.reports import CandleRow, FillReport, OrderReport, QuoteRow
from apps.venues.gateways.classify import RAISED
from apps.venues.gateways.errors import StreamLost
from apps.venues.gateways.families.base import Family
from apps.venues.gateways.reads import symbol_of

T = TypeVar("T")
CONNECT_SECONDS: Final = 10.0
CANDLES, QUOTES, PRIVATE = "ohlcv::", "ticker:", "spot"


@dataclass(slots=True)
class Mailbox(Generic[T]):
    """Rows that arrived and were not taken yet."""

    rows: list[T] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    ended: str = ""
    heard_at: float = field(default_factory=time.monotonic)

    def put(self, *rows: T) -> None:
        """Add rows."""
        self.rows.extend(rows)
        self.arrived.set()

    def take(self) -> list[T]:
        """Return all rows and keep none."""
        rows, self.rows = self.rows, []
        self.arrived.clear()
        return rows

    def end(self, why: str) -> None:
        """Say that no more rows will come."""
        self.ended = why
        self.arrived.set()


class Streams:
    """The streams of one account: one of candles, one of quotes, one of its own orders."""

    def __init__(self, exchange: Any, traits: Family) -> None:
        self._exchange = exchange
        self._traits = traits
        self._acknowledged: set[str] = set()
        self._candles: Mailbox[CandleRow] = Mailbox()
        self._quotes: Mailbox[QuoteRow] = Mailbox()
        self._private: Mailbox[OrderReport | FillReport] = Mailbox()
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

        :raises StreamLost: when the socket closes.
        """
        pairs = [[symbol, timeframe] for symbol in symbols for timeframe in timeframes]
        self._candles = Mailbox()
        subscription = self._exchange.watch_ohlcv_for_symbols(pairs)
        async for rows in self._run(subscription, CANDLES, lambda: self._candles):
            yield rows

    async def quotes(self, symbols: Sequence[str]) -> AsyncIterator[list[QuoteRow]]:
        """Yield all quotes that waited; the first, empty list says "subscribed".

        :raises StreamLost: when the socket closes.
        """
        self._quotes = Mailbox()
        subscription = self._exchange.watch_tickers(list(symbols))
        async for rows in self._run(subscription, QUOTES, lambda: self._quotes):
            yield rows

    async def private(self) -> AsyncIterator[list[OrderReport | FillReport]]:
        """Yield all order and fill reports that waited; the first, empty list says "subscribed".

        :raises StreamLost: when the socket closes or the venue ends the stream.
        """
        self._private = Mailbox()
        async for rows in self._run(self._watch_orders(), PRIVATE, lambda: self._private):
            yield rows

    async def _watch_orders(self) -> None:
        await self._exchange.authenticate({"type": "spot"})
        self._acknowledged.add(self._client(PRIVATE).url)
        await self._exchange.watch_orders()

    async def _run(
        self, subscription: Coroutine[Any, Any, Any], kind: str, box: Callable[[], Mailbox[T]]
    ) -> AsyncIterator[list[T]]:
        if not self._traits.streams:
            subscription.close()
            raise StreamLost("STREAMS_UNSUPPORTED", venue=self._exchange.id)
        self._exchange.ws_dial_backoff = {}
        mailbox = box()
        # ccxt's future stays pending, because the tap takes the messages; it ends with the socket
        watching = asyncio.ensure_future(subscription)
        watching.add_done_callback(lambda done: mailbox.end(_reason(done)))
        try:
            await self._subscribed(kind, mailbox)
            yield mailbox.take()
            while True:
                await mailbox.arrived.wait()
                if mailbox.rows:
                    yield mailbox.take()
                if mailbox.ended:
                    raise StreamLost(kind=kind.strip(":"), message=mailbox.ended)
        finally:
            watching.cancel()
            await self._hang_up(kind)

    async def _subscribed(self, kind: str, mailbox: Mailbox[Any]) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        while not mailbox.ended and time.monotonic() < deadline:
            client = self._client(kind)
            if client is not None and client.url in self._acknowledged:
                return
            await asyncio.sleep(0.01)
        raise StreamLost(kind=kind.strip(":"), message=mailbox.ended or "no acknowledgement")

    def _client(self, kind: str) -> Any:
        for client in (self._exchange.clients or {}).values():
            if any(str(key).startswith(kind) for key in client.subscriptions):
                return client
        return None

    async def _hang_up(self, kind: str) -> None:
        client = self._client(kind)
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
        if body.get("e") == "kline":
            self._candles.heard_at = time.monotonic()
            if row := self._traits.read_kline(body):
                symbol = symbol_of(self._exchange, row.symbol)
                self._candles.put(dataclasses.replace(row, symbol=symbol))
            return True
        if quote := self._traits.read_quote(body):
            self._quotes.heard_at = time.monotonic()
            symbol = symbol_of(self._exchange, quote.symbol)
            self._quotes.put(dataclasses.replace(quote, symbol=symbol))
            return True
        return False

    def _take_private(self, body: dict[str, Any]) -> bool:
        found = self._traits.read_private(body)
        if found is None:
            return False
        self._private.heard_at = time.monotonic()
        for report in found:
            if report is not None:
                symbol = symbol_of(self._exchange, report.symbol)
                self._private.put(dataclasses.replace(report, symbol=symbol))
        return True


def _reason(done: asyncio.Future[Any]) -> str:
    if done.cancelled():
        return "cancelled"
    error = done.exception()
    if error is None:
        return "ended"
    return str(error) if isinstance(error, RAISED) else repr(error)
