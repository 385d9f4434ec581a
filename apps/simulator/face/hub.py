"""Who listens to what on WebSockets, and what they are sent."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import orjson
from aiohttp import web

from apps.core.domain.timeframes import TIMEFRAME_MS, closes_at
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.orders import Report
from apps.simulator.exchange import Exchange
from apps.simulator.face.books import BookDiffs
from apps.simulator.face.faults import Faults
from apps.simulator.face.line import Line, Turn
from apps.simulator.face.render import Json, account_position, execution_report, text
from apps.simulator.face.render_lists import list_status
from apps.simulator.face.streams import candle_events, forming_event, quote_events

BACKLOG_MAX: Final = 20_000


@dataclass(eq=False, slots=True)
class Listener:
    """One socket: its streams, its accounts by subscription id (-1: unwrapped), what waits to go."""

    socket: web.WebSocketResponse
    wraps: bool
    streams: set[str] = field(default_factory=set)
    accounts: dict[int, int] = field(default_factory=dict)
    waiting: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    silent_until: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether nothing comes out of this socket now."""
        return time.monotonic() < self.silent_until

    def push(self, message: Any) -> None:
        """Queue a message; one that does not read is cut off, a silent one loses it."""
        if self.is_silent:
            return
        if self.waiting.qsize() > BACKLOG_MAX:
            self.waiting.put_nowait(None)
            return
        self.waiting.put_nowait(orjson.dumps(message).decode())

    async def pump(self) -> None:
        """Send what is queued until told to stop."""
        while (message := await self.waiting.get()) is not None:
            await self.socket.send_str(message)
        await self.socket.close()


class Hub:
    """The audience of the exchange: turns what happened into stream messages."""

    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self._by_stream: defaultdict[str, set[Listener]] = defaultdict(set)
        self._listeners: set[Listener] = set()
        self._books = BookDiffs(exchange)
        self._line = Line(faults)
        self.others: list[Hub] = []

    def join(self, listener: Listener) -> None:
        """Add a socket."""
        self._listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Remove a socket."""
        self._listeners.discard(listener)
        self.unsubscribe(listener, list(listener.streams))

    def subscribe(self, listener: Listener, names: list[str]) -> None:
        """Add streams to a socket and send what they show now."""
        for name in names:
            listener.streams.add(name)
            self._by_stream[name].add(listener)
        self._books.start(names)
        at_ms = self._exchange.now_ms()
        for name, event in quote_events(self._exchange, names.__contains__, at_ms):
            self._push(listener, name, event)

    def unsubscribe(self, listener: Listener, names: list[str]) -> None:
        """Take streams from a socket."""
        for name in names:
            listener.streams.discard(name)
            self._by_stream[name].discard(listener)
            if not self._by_stream[name]:
                del self._by_stream[name]

    def drop_all(self, owner: int | None = None) -> int:
        """Cut every socket, or those of one account; return how many."""
        chosen = self._of(owner)
        for listener in chosen:
            if listener.socket._writer is not None:
                listener.socket._writer.transport.abort()
        return len(chosen) + sum(other.drop_all(owner) for other in self.others)

    def silence(self, owner: int | None = None, *, ms: int) -> int:
        """Let the sockets that are open now carry nothing for `ms`; return how many."""
        chosen = self._of(owner)
        for listener in chosen:
            listener.silent_until = time.monotonic() + ms / 1000
        return len(chosen) + sum(other.silence(owner, ms=ms) for other in self.others)

    def _of(self, owner: int | None) -> list[Listener]:
        return [one for one in self._listeners if owner is None or owner in one.accounts.values()]

    async def close(self) -> None:
        """Close every socket politely."""
        for listener in list(self._listeners):
            await listener.socket.close(code=1001, message=b"Server shutdown")
        for other in self.others:
            await other.close()

    @property
    def count(self) -> int:
        """How many sockets are open."""
        return len(self._listeners) + sum(other.count for other in self.others)

    def wants(self, name: str) -> bool:
        """Return whether anybody listens to the stream."""
        return name in self._by_stream

    def on_reports(self, reports: list[Report]) -> None:
        """Send each owner an executionReport and the balances after it."""
        for past in self._faults.pasts():
            past.note(reports)
        for report in reports:
            if report.listed is not None:
                self._tell_owner(report.order.account_id, list_status(report, report.listed))
                continue
            self._tell_owner(report.order.account_id, execution_report(report))
            self._tell_owner(report.order.account_id, account_position(report))

    def on_deposit(self, account: Account, asset: str, amount: Decimal, at_ms: int) -> None:
        """Send the owner a balanceUpdate."""
        event = {"e": "balanceUpdate", "E": at_ms, "a": asset, "d": text(amount), "T": at_ms}
        self._tell_owner(account.account_id, event)

    def on_candles(self, at_ms: int) -> None:
        """Send closed klines of every timeframe that closes, then the first of the next candle."""
        source = self._exchange.source
        if source is None:
            return
        base = TIMEFRAME_MS[source.timeframe]
        closing = [tf for tf, ms in TIMEFRAME_MS.items() if ms >= base and closes_at(at_ms, tf)]
        self._send_all(candle_events(self._exchange, self.wants, closing, at_ms))
        self.on_quotes(list(source.series), at_ms)

    def on_forming(self, at_ms: int) -> None:
        """Send every kline that is still forming."""
        source = self._exchange.source
        if source is None:
            return
        for symbol in source.series:
            for timeframe in TIMEFRAME_MS:
                name = f"{symbol.lower()}@kline_{timeframe}"
                if self.wants(name):
                    self._send_all([(name, forming_event(source, symbol, timeframe, at_ms))])

    def on_quotes(self, symbols: list[str], at_ms: int) -> None:
        """Send tickers, best prices and books of the symbols."""
        self._exchange.book_updates.update(symbols)
        self._send_all(quote_events(self._exchange, self.wants, at_ms, symbols=symbols))
        self._send_all(self._books.events(symbols, self.wants, at_ms))

    def _send_all(self, events: list[tuple[str, Json]]) -> None:
        for name, event in events:
            for listener in self._by_stream.get(name, ()):
                self._push(listener, name, event)

    def _push(self, listener: Listener, name: str, event: Any) -> None:
        if self._faults.strike_stream("mute_stream"):
            return
        listener.push({"stream": name, "data": event} if listener.wraps else event)

    def _tell_owner(self, account_id: int, event: Json) -> None:
        account = self._exchange.ledger.accounts[account_id].name
        loop, turns = asyncio.get_running_loop(), self._line.turns(account, event)
        for turn in turns:
            if turn.seconds:
                loop.call_later(turn.seconds, self._send_owner, account_id, turn.event)
            else:
                self._send_owner(account_id, turn.event)
        held = self._line.held(account)
        if held is not None and not turns:
            loop.call_later(held.seconds, self._release, account_id, held)

    def _release(self, account_id: int, held: Turn) -> None:
        account = self._exchange.ledger.accounts[account_id].name
        for turn in self._line.release(account, held):
            self._send_owner(account_id, turn.event)

    def _send_owner(self, account_id: int, event: Json) -> None:
        account = self._exchange.ledger.accounts[account_id].name
        for listener in self._listeners:
            for subscription, owner in listener.accounts.items():
                if owner != account_id or self._faults.strike_stream("mute_stream", account):
                    continue
                message = (
                    event if subscription < 0 else {"subscriptionId": subscription, "event": event}
                )
                listener.push(message)
