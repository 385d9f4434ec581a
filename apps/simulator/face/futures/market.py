"""Public endpoints of /fapi: which perpetuals trade here, at which prices, marks and rates."""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import plain
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Ledger
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
from apps.simulator.face.quotes import book_ticker, day_ticker, klines, public_trades
from apps.simulator.face.render import Json, text

ORDER_TYPES: Final = (
    "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)  # fmt: skip


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
            {"asset": asset, "marginAvailable": True}
            for asset in sorted({one.quote for one in found})
        ],
        "symbols": [_symbol(ledger, one) for one in found],
    }  # fmt: skip


async def candles(call: Call) -> list[list[Any]]:
    """Return candles of trades."""
    return klines(
        call.exchange,
        symbol_of(call),
        timeframe(call),
        start_ms=call.params.integer("startTime"),
        end_ms=call.params.integer("endTime"),
        limit=call.params.limit(500, 1500),
    )


async def ticker_day(call: Call) -> Json | list[Json]:
    """Return 24 h statistics."""
    left_out = {"prevClosePrice", "bidPrice", "bidQty", "askPrice", "askQty"}
    rows = []
    for symbol in wanted(call):
        found = day_ticker(call.exchange, symbol) | {"symbol": venue_symbol(symbol)}
        rows.append({key: value for key, value in found.items() if key not in left_out})
    return one_or_many(call, rows)


async def ticker_price(call: Call) -> Json | list[Json]:
    """Return last prices."""
    market, at_ms = call.exchange.ledger.market, call.exchange.now_ms()
    rows = [
        {"symbol": venue_symbol(symbol), "price": text(market(symbol).last), "time": at_ms}
        for symbol in wanted(call)
    ]
    return one_or_many(call, rows)


async def ticker_book(call: Call) -> Json | list[Json]:
    """Return best bids and asks."""
    exchange, rows = call.exchange, []
    for symbol in wanted(call):
        row = book_ticker(symbol, exchange.ledger.market(symbol))
        rows.append(
            row
            | {
                "symbol": venue_symbol(symbol),
                "time": exchange.now_ms(),
                "lastUpdateId": exchange.book_updates[symbol],
            }
        )
    return one_or_many(call, rows)


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


def timeframe(call: Call) -> str:
    """Return the candle length asked for.

    :raises Refusal: -1120.
    """
    return call.params.choice("interval", TIMEFRAME_MS, Refusal(-1120, "Invalid interval."))


def wanted(call: Call) -> list[str]:
    """Return the contract asked for, or all that have a price."""
    ledger = call.exchange.ledger
    if call.params.has("symbol"):
        return [symbol_of(call)]
    return sorted(s for s in ledger.liquidity if ledger.instruments[s].kind == "linear")


def one_or_many(call: Call, rows: list[Json]) -> Json | list[Json]:
    """Return one row where one contract was asked for."""
    return rows[0] if call.params.has("symbol") else rows


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


def route(name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()) -> Route:
    """Return a public route."""
    return Route("GET", f"/fapi/{name}", act, weight=weight, required=required, optional=None)


_ONE = ("symbol",)
ROUTES = (
    route("v1/ping", ping),
    route("v1/time", server_time),
    route("v1/exchangeInfo", exchange_info),
    route("v1/klines", candles, 5, ("symbol", "interval")),
    route("v1/ticker/24hr", ticker_day),
    route("v1/ticker/price", ticker_price),
    route("v2/ticker/price", ticker_price),
    route("v1/ticker/bookTicker", ticker_book, 2),
    route("v1/depth", depth, 10, _ONE),
    route("v1/trades", trades, 5, _ONE),
    route("v1/aggTrades", aggregate_trades, 20, _ONE),
    route("v1/openInterest", open_interest, 1, _ONE),
)
