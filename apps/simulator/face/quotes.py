"""Market data in the shapes of Binance, from the candles and the liquidity there is."""

from __future__ import annotations

from typing import Any

import numpy as np

from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.simulator.domain.candles import CLOSE, HIGH, LOW, OPEN, VOLUME, Times, Values, aggregate
from apps.simulator.domain.liquidity import Liquidity
from apps.simulator.domain.refusals import MARKET_CLOSED, rejected
from apps.simulator.exchange import Exchange, Source
from apps.simulator.face.render import Json, text

DAY_MS = TIMEFRAME_MS["1d"]


def source_of(exchange: Exchange) -> Source:
    """Return the market.

    :raises Refusal: -2010 while there is none.
    """
    if exchange.source is None:
        raise rejected(MARKET_CLOSED)
    return exchange.source


def klines(
    exchange: Exchange,
    symbol: str,
    timeframe: str,
    *,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
) -> list[list[Any]]:
    """Return candles, the one still forming included where the market shows it."""
    source = source_of(exchange)
    series = source.series[symbol]
    at_ms = source.now_ms()
    until = at_ms if end_ms is None else min(at_ms, end_ms + 1)
    if TIMEFRAME_MS[timeframe] < series.length_ms:
        return []
    times, values = series.window(timeframe, start_ms=start_ms, end_ms=until, limit=limit)
    rows = [kline_row(int(ts), row, timeframe) for ts, row in zip(times, values, strict=True)]
    open_row = forming_row(source, symbol, timeframe)
    if open_row is not None and until == at_ms and (start_ms is None or len(rows) < limit):
        ts = open_ms(at_ms, timeframe)
        if start_ms is None or ts >= start_ms:
            rows = [*rows, kline_row(ts, open_row, timeframe)][-limit:]
    return rows


def forming_row(source: Source, symbol: str, timeframe: str) -> Values | None:
    """Return open, high, low, close, volume of the candle of `timeframe` that is not closed."""
    current = source.forming(symbol)
    if current is None:
        return None
    series, at_ms = source.series[symbol], source.now_ms()
    low = int(np.searchsorted(series.times, open_ms(at_ms, timeframe)))
    values: Values = np.vstack([series.values[low:], np.array([current])])
    times: Times = np.zeros(len(values), dtype=np.int64)
    return aggregate(times, values, timeframe)[1][0]


def kline_row(ts: int, row: Values, timeframe: str) -> list[Any]:
    """Return one row of /klines. Quote volume is volume at the middle price; halves are taker buys."""
    volume = float(row[VOLUME])
    cost = volume * float(row[HIGH] + row[LOW] + row[CLOSE]) / 3
    return [
        ts, *(text(float(row[field])) for field in (OPEN, HIGH, LOW, CLOSE, VOLUME)),
        ts + TIMEFRAME_MS[timeframe] - 1, text(cost), int(volume > 0), text(volume / 2),
        text(cost / 2), "0",
    ]  # fmt: skip


def kline_event(
    symbol: str, timeframe: str, row: list[Any], *, at_ms: int, is_closed: bool
) -> Json:
    """Return a `kline` event of a /klines row."""
    opened, first, high, low, close, volume, closes, cost, count, buys, buy_cost, _ = row
    return {
        "e": "kline", "E": at_ms, "s": symbol,
        "k": {
            "t": opened, "T": closes, "s": symbol, "i": timeframe, "f": opened // 1000,
            "L": opened // 1000, "o": first, "c": close, "h": high, "l": low, "v": volume,
            "n": count, "x": is_closed, "q": cost, "V": buys, "Q": buy_cost, "B": "0",
        },
    }  # fmt: skip


def book_ticker(symbol: str, market: Liquidity) -> Json:
    """Return best bid and ask."""
    bid, ask = market.levels("BUY", 1), market.levels("SELL", 1)
    return {
        "symbol": symbol,
        "bidPrice": text(bid[0][0] if bid else market.bid),
        "bidQty": text(bid[0][1] if bid else 0),
        "askPrice": text(ask[0][0] if ask else market.ask),
        "askQty": text(ask[0][1] if ask else 0),
    }


def day_ticker(exchange: Exchange, symbol: str) -> Json:
    """Return the statistics of the last 24 hours."""
    source, market = source_of(exchange), exchange.ledger.market(symbol)
    series, at_ms = source.series[symbol], source.now_ms()
    low, high = np.searchsorted(series.times, [at_ms - DAY_MS, at_ms - series.length_ms + 1])
    times, rows = series.times[low:high], series.values[low:high]
    last = float(market.last)
    first = float(rows[0, OPEN]) if len(rows) else last
    volume = float(rows[:, VOLUME].sum())
    cost = (
        float((rows[:, VOLUME] * rows[:, [HIGH, LOW, CLOSE]].mean(axis=1)).sum())
        if len(rows)
        else 0.0
    )
    identity = int(times[-1] // 60_000) if len(times) else 0
    quotes = book_ticker(symbol, market)
    return {
        "symbol": symbol,
        "priceChange": text(last - first),
        "priceChangePercent": f"{(last / first - 1) * 100:.3f}",
        "weightedAvgPrice": text(cost / volume if volume else last),
        "prevClosePrice": text(first),
        "lastPrice": text(last),
        "lastQty": quotes["bidQty"],
        **{key: value for key, value in quotes.items() if key != "symbol"},
        "openPrice": text(first),
        "highPrice": text(float(rows[:, HIGH].max()) if len(rows) else last),
        "lowPrice": text(float(rows[:, LOW].min()) if len(rows) else last),
        "volume": text(volume),
        "quoteVolume": text(cost),
        "openTime": at_ms - DAY_MS,
        "closeTime": at_ms,
        "firstId": identity - len(rows) + 1 if len(rows) else -1,
        "lastId": identity if len(rows) else -1,
        "count": len(rows),
    }


def ticker_event(ticker: Json, at_ms: int) -> Json:
    """Return a `24hrTicker` event of a /ticker/24hr answer."""
    keys = {
        "s": "symbol", "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice",
        "x": "prevClosePrice", "c": "lastPrice", "Q": "lastQty", "b": "bidPrice", "B": "bidQty",
        "a": "askPrice", "A": "askQty", "o": "openPrice", "h": "highPrice", "l": "lowPrice",
        "v": "volume", "q": "quoteVolume", "O": "openTime", "C": "closeTime", "F": "firstId",
        "L": "lastId", "n": "count",
    }  # fmt: skip
    return {"e": "24hrTicker", "E": at_ms} | {short: ticker[long] for short, long in keys.items()}


def public_trades(exchange: Exchange, symbol: str, limit: int) -> list[Json]:
    """Return the public tape: one trade a base candle, at its close, for its volume."""
    source = source_of(exchange)
    series = source.series[symbol]
    times, values = series.window(
        source.timeframe, start_ms=None, end_ms=source.now_ms(), limit=limit
    )
    return [
        {
            "id": int(ts) // series.length_ms,
            "price": text(float(row[CLOSE])),
            "qty": text(float(row[VOLUME])),
            "quoteQty": text(float(row[CLOSE] * row[VOLUME])),
            "time": int(ts) + series.length_ms - 1,
            "isBuyerMaker": bool(row[CLOSE] < row[OPEN]),
            "isBestMatch": True,
        }
        for ts, row in zip(times, values, strict=True)
    ]
