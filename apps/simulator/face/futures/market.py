"""Public endpoints of /fapi: which perpetuals trade here, at which prices, marks and rates."""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import plain
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.simulator.domain.candles import exact_price
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import Candle
from apps.simulator.domain.perpetual.books import Mark
from apps.simulator.domain.perpetual.contracts import (
    ALGO_ORDERS_MAX,
    LIQUIDATION_FEE,
    ORDERS_MAX,
    brackets_of,
    venue_symbol,
)
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import Call, Route
from apps.simulator.face.futures.requests import symbol_of
from apps.simulator.face.quotes import book_ticker, day_ticker, klines, public_trades, source_of
from apps.simulator.face.render import Json, text

ORDER_TYPES: Final = (
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)  # fmt: skip
FUNDING_ROWS_MAX: Final = 1000


async def ping(_: Call) -> Json:
    """Answer that the exchange is there."""
    return {}


async def server_time(call: Call) -> Json:
    """Return real time: signatures run on it, also beside a virtual clock."""
    return {"serverTime": call.exchange.clock_ms()}


async def exchange_info(call: Call) -> Json:
    """Return the rules of the listed contracts."""
    ledger = call.exchange.ledger
    found = [one for _, one in sorted(ledger.instruments.items()) if one.kind == "linear"]
    limits = (("REQUEST_WEIGHT", "MINUTE", 1), ("ORDERS", "MINUTE", 1), ("ORDERS", "SECOND", 10))
    return {
        "timezone": "UTC",
        "serverTime": call.exchange.clock_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": kind, "interval": unit, "intervalNum": count, "limit": call.weight_limit}
            for kind, unit, count in limits
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"}
            for asset in sorted({one.quote for one in found})
        ],
        "symbols": [_symbol(ledger, one) for one in found],
    }  # fmt: skip


async def candles(call: Call) -> list[list[Any]]:
    """Return candles of trades."""
    timeframe = _timeframe(call)
    return klines(
        call.exchange,
        symbol_of(call),
        timeframe,
        start_ms=call.params.integer("startTime"),
        end_ms=call.params.integer("endTime"),
        limit=call.params.limit(500, 1500),
    )


async def mark_candles(call: Call) -> list[list[Any]]:
    """Return candles of the mark price, without volume."""
    symbol, timeframe = symbol_of(call), _timeframe(call)
    rows, source = await candles(call), call.exchange.contracts.source(symbol)
    series = source.marks
    if series is not None and series.length_ms <= TIMEFRAME_MS[timeframe]:
        found = (series.closing(timeframe, row[6] + 1) for row in rows)
        marks = [one or source.candle(_candle(row)) for one, row in zip(found, rows, strict=True)]
    else:
        marks = [source.candle(_candle(row)) for row in rows]
    return [
        [
            row[0], *(text(p) for p in (mark.open, mark.high, mark.low, mark.close)), "0", row[6],
            "0", 0, "0", "0", "0",
        ]
        for row, mark in zip(rows, marks, strict=True)
    ]  # fmt: skip


async def premium_index(call: Call) -> Json | list[Json]:
    """Return mark price, index and the funding that comes next."""
    at_ms, rows = call.exchange.now_ms(), []
    for symbol in _wanted(call):
        mark = mark_now(call, symbol)
        rows.append(
            {
                "symbol": venue_symbol(symbol),
                "markPrice": text(mark.price),
                "indexPrice": text(mark.index),
                "estimatedSettlePrice": text(mark.index),
                "lastFundingRate": text(mark.rate),
                "interestRate": "0.00010000",
                "nextFundingTime": mark.next_ms,
                "time": at_ms,
            }
        )
    return _one_or_many(call, rows)


async def funding_rates(call: Call) -> list[Json]:
    """Return what was charged, oldest first: from a time on, or the latest."""
    at_ms, params = call.exchange.now_ms(), call.params
    start, end = params.integer("startTime"), min(params.integer("endTime", at_ms) or at_ms, at_ms)
    limit, rows = params.limit(100, FUNDING_ROWS_MAX), []
    for symbol in _wanted(call):
        series, source = source_of(call.exchange).series[symbol], call.exchange.contracts.source(symbol)  # fmt: skip
        first = int(series.times[0]) if len(series.times) else end
        due = source.due(max(first, start or 0) - 1, end)
        for charged in due[:limit] if start is not None else due[-limit:]:
            known = series.last_before(charged)
            price = source.mark(known.close, charged).price if known else 0
            rows.append(
                {
                    "symbol": venue_symbol(symbol),
                    "fundingTime": charged,
                    "fundingRate": text(source.rate(charged)),
                    "markPrice": text(price),
                }
            )
    return sorted(rows, key=lambda row: (row["fundingTime"], row["symbol"]))


async def funding_info(call: Call) -> list[Json]:
    """Return how often and within which bounds funding is charged."""
    return [
        {
            "symbol": venue_symbol(symbol),
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": 8,
            "disclaimer": False,
        }
        for symbol in _wanted(call)
    ]


async def ticker_day(call: Call) -> Json | list[Json]:
    """Return 24 h statistics."""
    left_out = {"prevClosePrice", "bidPrice", "bidQty", "askPrice", "askQty"}
    rows = []
    for symbol in _wanted(call):
        found = day_ticker(call.exchange, symbol) | {"symbol": venue_symbol(symbol)}
        rows.append({key: value for key, value in found.items() if key not in left_out})
    return _one_or_many(call, rows)


async def ticker_price(call: Call) -> Json | list[Json]:
    """Return last prices."""
    market, at_ms = call.exchange.ledger.market, call.exchange.now_ms()
    rows = [
        {"symbol": venue_symbol(symbol), "price": text(market(symbol).last), "time": at_ms}
        for symbol in _wanted(call)
    ]
    return _one_or_many(call, rows)


async def ticker_book(call: Call) -> Json | list[Json]:
    """Return best bids and asks."""
    exchange, rows = call.exchange, []
    for symbol in _wanted(call):
        row = book_ticker(symbol, exchange.ledger.market(symbol))
        rows.append(
            row
            | {
                "symbol": venue_symbol(symbol),
                "time": exchange.now_ms(),
                "lastUpdateId": exchange.book_updates[symbol],
            }
        )
    return _one_or_many(call, rows)


async def depth(call: Call) -> Json:
    """Return the book."""
    symbol, at_ms = symbol_of(call), call.exchange.now_ms()
    market, count = call.exchange.ledger.market(symbol), min(call.params.limit(500, 1000), 100)
    return {
        "lastUpdateId": call.exchange.book_updates[symbol],
        "E": at_ms,
        "T": at_ms,
        "bids": [[text(price), text(amount)] for price, amount in market.levels("BUY", count)],
        "asks": [[text(price), text(amount)] for price, amount in market.levels("SELL", count)],
    }


async def trades(call: Call) -> list[Json]:
    """Return recent public trades."""
    found = public_trades(call.exchange, symbol_of(call), call.params.limit(500, 1000))
    return [{key: value for key, value in row.items() if key != "isBestMatch"} for row in found]


async def aggregate_trades(call: Call) -> list[Json]:
    """Return recent public trades in their aggregated form."""
    start = call.params.integer("startTime") or 0
    return [
        {
            "a": row["id"], "p": row["price"], "q": row["qty"], "f": row["id"], "l": row["id"],
            "T": row["time"], "m": row["isBuyerMaker"],
        }
        for row in public_trades(call.exchange, symbol_of(call), call.params.limit(500, 1000))
        if row["time"] >= start
    ]  # fmt: skip


async def open_interest(call: Call) -> Json:
    """Return what all accounts together hold long of a contract, base units."""
    symbol = symbol_of(call)
    held = call.exchange.ledger.contracts.positions.values()
    total = sum(p.amount for p in held if p.symbol == symbol and p.amount > 0)
    return {
        "openInterest": text(total),
        "symbol": venue_symbol(symbol),
        "time": call.exchange.now_ms(),
    }


def mark_now(call: Call, symbol: str) -> Mark:
    """Return the mark of a contract as it stands."""
    known = call.exchange.ledger.contracts.marks.get(symbol)
    if known is not None:
        return known
    last = call.exchange.ledger.market(symbol).last
    return call.exchange.contracts.source(symbol).mark(last, call.exchange.now_ms())


def _timeframe(call: Call) -> str:
    return call.params.choice("interval", TIMEFRAME_MS, Refusal(-1120, "Invalid interval."))


def _wanted(call: Call) -> list[str]:
    ledger = call.exchange.ledger
    if call.params.has("symbol"):
        return [symbol_of(call)]
    return sorted(s for s in ledger.liquidity if ledger.instruments[s].kind == "linear")


def _one_or_many(call: Call, rows: list[Json]) -> Json | list[Json]:
    return rows[0] if call.params.has("symbol") else rows


def _candle(row: list[Any]) -> Candle:
    return Candle(row[0], *(exact_price(float(value)) for value in row[1:6]))


def _digits(value: Any) -> int:
    return max(-int(value.normalize().as_tuple().exponent), 0)


def _symbol(ledger: Ledger, one: Instrument) -> Json:
    tick, step, first = plain(one.tick), plain(one.step), brackets_of(one)[0]
    most = plain(one.amount_max)
    return {
        "symbol": venue_symbol(one.symbol),
        "pair": venue_symbol(one.symbol),
        "contractType": "PERPETUAL",
        "deliveryDate": 4_133_404_800_000,
        "onboardDate": 1_569_398_400_000,
        "status": "SETTLING" if one.symbol in ledger.closed else "TRADING",
        "maintMarginPercent": plain(first.rate * 100),
        "requiredMarginPercent": "5.0000",
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.quote,
        "pricePrecision": _digits(one.tick),
        "quantityPrecision": _digits(one.step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": plain(LIQUIDATION_FEE),
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": ORDERS_MAX},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": ALGO_ORDERS_MAX},
            {"filterType": "MIN_NOTIONAL", "notional": plain(one.cost_min)},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1500", "multiplierDown": "0.8500", "multiplierDecimal": "4"},
        ],
        "orderTypes": list(ORDER_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }  # fmt: skip


def _route(name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()) -> Route:
    return Route("GET", f"/fapi/{name}", act, weight=weight, required=required, optional=None)


_ONE = ("symbol",)
ROUTES = (
    _route("v1/ping", ping),
    _route("v1/time", server_time),
    _route("v1/exchangeInfo", exchange_info),
    _route("v1/klines", candles, 5, ("symbol", "interval")),
    _route("v1/markPriceKlines", mark_candles, 5, ("symbol", "interval")),
    _route("v1/premiumIndex", premium_index),
    _route("v1/fundingRate", funding_rates),
    _route("v1/fundingInfo", funding_info),
    _route("v1/ticker/24hr", ticker_day),
    _route("v1/ticker/price", ticker_price),
    _route("v2/ticker/price", ticker_price),
    _route("v1/ticker/bookTicker", ticker_book, 2),
    _route("v1/depth", depth, 10, _ONE),
    _route("v1/trades", trades, 5, _ONE),
    _route("v1/aggTrades", aggregate_trades, 20, _ONE),
    _route("v1/openInterest", open_interest, 1, _ONE),
)
