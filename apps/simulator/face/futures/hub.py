"""Streams of perpetuals: the hub of spot under the names and in the shapes of USDⓈ-M."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import LINEAR_SUFFIX
from apps.simulator.domain.orders import Report
from apps.simulator.domain.perpetual.contracts import venue_symbol
from apps.simulator.domain.perpetual.effects import Event
from apps.simulator.face.futures.events import message_of
from apps.simulator.face.hub import Hub, Listener
from apps.simulator.face.render import Json, text

_INNER = LINEAR_SUFFIX.lower() + "@"
_TICKER_LEAVES_OUT = frozenset("xbBaA")


def inner_name(name: str) -> str:
    """Return what the exchange calls the stream that /fapi calls `name`."""
    if "@" not in name or name.startswith("!") or _INNER in name:
        return name
    return name.replace("@", _INNER, 1)


def outer_name(name: str) -> str:
    """Return what /fapi calls a stream."""
    return name.replace(_INNER, "@", 1)


class FuturesHub(Hub):
    """Who listens to perpetuals, and what they are sent."""

    def subscribe(self, listener: Listener, names: list[str]) -> None:
        """Add streams to a socket and send what they show now."""
        inner = [inner_name(name) for name in names]
        super().subscribe(listener, inner)
        for name, event in self._marks(self._contracts(), set(inner)):
            self._push(listener, name, event)

    def unsubscribe(self, listener: Listener, names: list[str]) -> None:
        """Take streams from a socket."""
        super().unsubscribe(listener, [inner_name(name) for name in names])

    def on_contract_events(self, events: Sequence[Event]) -> None:
        """Send each owner what happened, in its order."""
        for past in self._faults.pasts():
            past.contracts.note(events)
        for event in events:
            self._tell_owner(event.account_id, message_of(event))

    def on_reports(self, reports: list[Report]) -> None:
        """Leave steps of spot orders to the hub of spot."""

    def on_deposit(self, account: Account, asset: str, amount: Decimal, at_ms: int) -> None:
        """Leave the spot wallet to the hub of spot."""

    def on_quotes(self, symbols: list[str], at_ms: int) -> None:
        """Send tickers, best prices, books and marks of the perpetuals among the symbols."""
        mine = [symbol for symbol in symbols if symbol.endswith(LINEAR_SUFFIX)]
        if mine and self._by_stream:
            # The hub of spot counts the updates of every book; counting them again would skip one.
            self._exchange.book_updates.subtract(mine)
            super().on_quotes(mine, at_ms)
            self._send_all(self._marks(mine, set(self._by_stream)))

    def _contracts(self) -> list[str]:
        found = self._exchange.ledger.liquidity
        return sorted(symbol for symbol in found if symbol.endswith(LINEAR_SUFFIX))

    def _marks(self, symbols: list[str], wanted: set[str]) -> list[tuple[str, Any]]:
        paces = ("", "@1s")
        if not any("markPrice" in name for name in wanted):
            return []
        rows = {symbol: self._mark(symbol) for symbol in symbols}
        events: list[tuple[str, Any]] = [
            (f"{symbol.lower()}@markPrice{pace}", row)
            for symbol, row in rows.items()
            for pace in paces
        ]
        events += [(f"!markPrice@arr{pace}", list(rows.values())) for pace in paces]
        return [event for event in events if event[0] in wanted]

    def _mark(self, symbol: str) -> Json:
        exchange, at_ms = self._exchange, self._exchange.now_ms()
        mark = exchange.ledger.contracts.marks.get(symbol)
        if mark is None:
            mark = exchange.contracts.source(symbol).mark(
                exchange.ledger.market(symbol).last, at_ms
            )
        return {
            "e": "markPriceUpdate", "E": at_ms, "s": venue_symbol(symbol), "p": text(mark.price),
            "i": text(mark.index), "P": text(mark.index), "r": text(mark.rate), "T": mark.next_ms,
        }  # fmt: skip

    def _push(self, listener: Listener, name: str, event: Any) -> None:
        shown = self._outer(name, event) if isinstance(event, dict) else event
        super()._push(listener, outer_name(name), shown)

    def _outer(self, name: str, event: Json) -> Json:
        """Return a message of the spot dialect as USDⓈ-M writes it."""
        at_ms, symbol = event.get("E", self._exchange.now_ms()), name.partition("@")[0].upper()
        shown = event | {"s": venue_symbol(symbol)}
        if "lastUpdateId" in event:
            update, sides = event["lastUpdateId"], {"b": event["bids"], "a": event["asks"]}
            shown = {"e": "depthUpdate", "E": at_ms, "T": at_ms, "s": shown["s"], "U": update}
            return shown | {"u": update, "pu": update - 1} | sides
        if "e" not in event:
            return {"e": "bookTicker", "E": at_ms, "T": at_ms} | shown
        if event["e"] == "kline":
            shown["k"] = event["k"] | {"s": shown["s"]}
        elif event["e"] == "depthUpdate":
            shown |= {"T": at_ms, "pu": event["U"] - 1}
        elif event["e"] == "24hrTicker":
            shown = {key: value for key, value in shown.items() if key not in _TICKER_LEAVES_OUT}
        elif event["e"] in {"trade", "aggTrade"}:
            shown.pop("M", None)
        return shown
