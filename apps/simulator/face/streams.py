"""The messages of the market streams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from apps.core.domain.timeframes import open_ms
from apps.simulator.domain.candles import CLOSE, Values
from apps.simulator.domain.liquidity import Candle, Liquidity
from apps.simulator.domain.market_random import TICKS
from apps.simulator.exchange import Exchange, Source
from apps.simulator.face.books import partial_books
from apps.simulator.face.quotes import (
    book_ticker,
    day_ticker,
    forming_row,
    kline_event,
    kline_row,
    ticker_event,
)
from apps.simulator.face.render import Json, text

Event = tuple[str, Json]
Wanted = Callable[[str], bool]


def candle_events(
    exchange: Exchange, wanted: Wanted, timeframes: list[str], at_ms: int
) -> list[Event]:
    """Return, for each wanted kline stream, the candle that closed and the first of the next."""
    source = exchange.source
    events: list[Event] = []
    for symbol in sorted(source.series) if source else ():
        for timeframe in timeframes:
            name = f"{symbol.lower()}@kline_{timeframe}"
            if not source or not wanted(name):
                continue
            candle = source.series[symbol].closing(timeframe, at_ms)
            if candle is None:
                continue
            row = kline_row(candle.ts, _values(candle), timeframe)
            events.append((name, kline_event(symbol, timeframe, row, at_ms=at_ms, is_closed=True)))
            events.append((name, forming_event(source, symbol, timeframe, at_ms)))
    return events


def forming_event(source: Source, symbol: str, timeframe: str, at_ms: int) -> Json:
    """Return the candle that is forming; flat at the last close where nothing is known of it."""
    values = forming_row(source, symbol, timeframe)
    if values is None:
        known = source.series[symbol].last_before(at_ms)
        close = float(known.close) if known else 0.0
        values = np.array([close, close, close, close, 0.0])
    row = kline_row(open_ms(at_ms, timeframe), values, timeframe)
    return kline_event(symbol, timeframe, row, at_ms=at_ms, is_closed=False)


def quote_events(
    exchange: Exchange, wanted: Wanted, at_ms: int, *, symbols: list[str] | None = None
) -> list[Event]:
    """Return the current state of every wanted price stream of the symbols (None: of all)."""
    events: list[Event] = []
    source = exchange.source
    for symbol in symbols if symbols is not None else sorted(source.series if source else ()):
        market = exchange.ledger.liquidity.get(symbol)
        if market is None or source is None:
            continue
        low = symbol.lower()
        if wanted(f"{low}@ticker"):
            events.append((f"{low}@ticker", ticker_event(day_ticker(exchange, symbol), at_ms)))
        if wanted(f"{low}@miniTicker"):
            events.append((f"{low}@miniTicker", _mini(day_ticker(exchange, symbol), at_ms)))
        if wanted(f"{low}@bookTicker"):
            events.append((f"{low}@bookTicker", _best(exchange, symbol, market)))
        events.extend(_trade(source, symbol, at_ms, wanted))
        events.extend(partial_books(exchange, symbol, wanted))
    return events


def _best(exchange: Exchange, symbol: str, market: Liquidity) -> Json:
    row = book_ticker(symbol, market)
    return {
        "u": exchange.book_updates[symbol], "s": symbol, "b": row["bidPrice"],
        "B": row["bidQty"], "a": row["askPrice"], "A": row["askQty"],
    }  # fmt: skip


def _mini(ticker: Json, at_ms: int) -> Json:
    event = ticker_event(ticker, at_ms)
    return {"e": "24hrMiniTicker", "E": at_ms} | {key: event[key] for key in "scohlvq"}


def _trade(source: Source, symbol: str, at_ms: int, wanted: Wanted) -> list[Event]:
    low = symbol.lower()
    names = [name for name in (f"{low}@trade", f"{low}@aggTrade") if wanted(name)]
    if not names:
        return []
    known = source.series[symbol].last_before(at_ms)
    forming = source.forming(symbol)
    price = forming[CLOSE] if forming else float(known.close) if known else 0.0
    amount = float(known.volume) if known else 0.0
    amount = amount / TICKS if forming else amount
    if amount <= 0:
        return []
    both = {
        "E": at_ms, "s": symbol, "p": text(price), "q": text(amount), "T": at_ms, "m": False, "M": True,
    }  # fmt: skip
    bodies = {
        f"{low}@trade": {"e": "trade", "t": at_ms, "b": at_ms, "a": at_ms} | both,
        f"{low}@aggTrade": {"e": "aggTrade", "a": at_ms, "f": at_ms, "l": at_ms} | both,
    }
    return [(name, bodies[name]) for name in names]


def _values(candle: Candle) -> Values:
    return np.array(
        [
            float(value)
            for value in (candle.open, candle.high, candle.low, candle.close, candle.volume)
        ]
    )
