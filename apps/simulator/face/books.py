"""Books on streams: the best levels, and the differences that keep a local copy current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from apps.simulator.domain.liquidity import Liquidity
from apps.simulator.exchange import Exchange
from apps.simulator.face.render import Json, text

DEPTH: Final = 100
Event = tuple[str, Json]
Wanted = Callable[[str], bool]
Sides = tuple[dict[str, str], dict[str, str]]


def partial_books(exchange: Exchange, symbol: str, wanted: Wanted) -> list[Event]:
    """Return the wanted `depth5`, `depth10` and `depth20` messages of a symbol."""
    events: list[Event] = []
    for count in (5, 10, 20):
        for pace in ("", "@100ms"):
            name = f"{symbol.lower()}@depth{count}{pace}"
            if wanted(name):
                bids, asks = _sides(exchange.ledger.market(symbol), count)
                update = exchange.book_updates[symbol]
                rows = {
                    "bids": [[*row] for row in bids.items()],
                    "asks": [[*row] for row in asks.items()],
                }
                events.append((name, {"lastUpdateId": update} | rows))
    return events


class BookDiffs:
    """What listeners to `depth` were shown last, so that levels that vanish are sent as zero."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._shown: dict[str, Sides] = {}

    def start(self, names: list[str]) -> None:
        """Remember the books as they are when somebody starts listening to differences."""
        for name in names:
            symbol, _, stream = name.partition("@")
            market = self._exchange.ledger.liquidity.get(symbol.upper())
            if stream in {"depth", "depth@100ms"} and market is not None:
                self._shown.setdefault(symbol.upper(), _sides(market, DEPTH))

    def events(self, symbols: list[str], wanted: Wanted, at_ms: int) -> list[Event]:
        """Return `depthUpdate` messages of the symbols whose differences somebody wants."""
        events: list[Event] = []
        for symbol in self._shown.keys() & set(symbols):
            names = [f"{symbol.lower()}@depth", f"{symbol.lower()}@depth@100ms"]
            heard = [name for name in names if wanted(name)]
            if not heard:
                del self._shown[symbol]
                continue
            now = _sides(self._exchange.ledger.market(symbol), DEPTH)
            before, self._shown[symbol] = self._shown[symbol], now
            update = self._exchange.book_updates[symbol]
            event: Json = {"e": "depthUpdate", "E": at_ms, "s": symbol, "U": update, "u": update}
            event |= {"b": _changes(before[0], now[0]), "a": _changes(before[1], now[1])}
            events.extend((name, event) for name in heard)
        return events


def _sides(market: Liquidity, count: int) -> Sides:
    bids, asks = market.levels("BUY", count), market.levels("SELL", count)
    return (
        {text(price): text(amount) for price, amount in bids},
        {text(price): text(amount) for price, amount in asks},
    )


def _changes(before: dict[str, str], now: dict[str, str]) -> list[list[str]]:
    gone = [[price, text(0)] for price in before if price not in now]
    return [[price, amount] for price, amount in now.items() if before.get(price) != amount] + gone
