"""Public endpoints: what trades here, at which prices."""

from __future__ import annotations

from typing import Any

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.simulator.domain.filters import TRAILING_MAX, TRAILING_MIN
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.order_lists import LISTS_MAX
from apps.simulator.domain.orders import ORDER_TYPES
from apps.simulator.domain.pairs import AMENDS_MAX
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import Call, Route
from apps.simulator.face.quotes import book_ticker, day_ticker, klines, public_trades
from apps.simulator.face.render import Json, text


async def ping(_: Call) -> Json:
    """Answer that the exchange is there."""
    return {}


async def server_time(call: Call) -> Json:
    """Return real time: signatures run on it, also beside a virtual clock."""
    return {"serverTime": call.exchange.clock_ms()}


async def system_status(_: Call) -> Json:
    """Return that there is no maintenance."""
    return {"status": 0, "msg": "normal"}


async def exchange_info(call: Call) -> Json:
    """Return the rules of the listed symbols."""
    instruments = call.exchange.ledger.instruments
    wanted = call.params.symbols()
    everything = sorted(name for name, one in instruments.items() if one.kind == "spot")
    listed = [call.exchange.ledger.instrument(symbol) for symbol in wanted or everything]
    limits = (
        ("REQUEST_WEIGHT", "MINUTE", 1, call.weight_limit),
        ("ORDERS", "SECOND", 10, call.weight_limit),
    )
    return {
        "timezone": "UTC",
        "serverTime": call.exchange.clock_ms(),
        "rateLimits": [
            {"rateLimitType": kind, "interval": unit, "intervalNum": count, "limit": limit}
            for kind, unit, count, limit in limits
        ],
        "exchangeFilters": [],
        "symbols": [
            _symbol(one, is_closed=one.symbol in call.exchange.ledger.closed) for one in listed
        ],
    }


async def candles(call: Call) -> list[list[Any]]:
    """Return candles."""
    symbol = call.exchange.ledger.instrument(call.params.text("symbol")).symbol
    timeframe = call.params.choice("interval", TIMEFRAME_MS, Refusal(-1120, "Invalid interval."))
    return klines(
        call.exchange,
        symbol,
        timeframe,
        start_ms=call.params.integer("startTime"),
        end_ms=call.params.integer("endTime"),
        limit=call.params.limit(500, 1000),
    )


async def ticker_day(call: Call) -> Json | list[Json]:
    """Return 24 h statistics of one, some or all symbols."""
    return _one_or_many(call, [day_ticker(call.exchange, symbol) for symbol in _wanted(call)])


async def ticker_price(call: Call) -> Json | list[Json]:
    """Return last prices."""
    market = call.exchange.ledger.market
    rows = [{"symbol": symbol, "price": text(market(symbol).last)} for symbol in _wanted(call)]
    return _one_or_many(call, rows)


async def ticker_book(call: Call) -> Json | list[Json]:
    """Return best bids and asks."""
    market = call.exchange.ledger.market
    return _one_or_many(call, [book_ticker(symbol, market(symbol)) for symbol in _wanted(call)])


async def average_price(call: Call) -> Json:
    """Return the price the filters judge by: the last one."""
    market = call.exchange.ledger.market(_wanted(call)[0])
    return {"mins": 5, "price": text(market.last), "closeTime": call.exchange.now_ms()}


async def depth(call: Call) -> Json:
    """Return the book."""
    symbol = _wanted(call)[0]
    count = call.params.limit(100, 5000)
    market = call.exchange.ledger.market(symbol)
    bids, asks = market.levels("BUY", min(count, 100)), market.levels("SELL", min(count, 100))
    return {
        "lastUpdateId": call.exchange.book_updates[symbol],
        "bids": [[text(price), text(amount)] for price, amount in bids],
        "asks": [[text(price), text(amount)] for price, amount in asks],
    }


async def trades(call: Call) -> list[Json]:
    """Return recent public trades."""
    return public_trades(call.exchange, _wanted(call)[0], call.params.limit(500, 1000))


async def aggregate_trades(call: Call) -> list[Json]:
    """Return recent public trades in their aggregated form."""
    start = call.params.integer("startTime") or 0
    return [
        {
            "a": row["id"], "p": row["price"], "q": row["qty"], "f": row["id"], "l": row["id"],
            "T": row["time"], "m": row["isBuyerMaker"], "M": True,
        }
        for row in public_trades(call.exchange, _wanted(call)[0], call.params.limit(500, 1000))
        if row["time"] >= start
    ]  # fmt: skip


def spot_symbols(ledger: Ledger) -> list[str]:
    """Return the spot pairs that have a price."""
    return sorted(name for name in ledger.liquidity if ledger.instruments[name].kind == "spot")


def _wanted(call: Call) -> list[str]:
    ledger = call.exchange.ledger
    wanted = call.params.symbols()
    return [
        ledger.instrument(symbol).symbol
        for symbol in (wanted if wanted is not None else spot_symbols(ledger))
    ]


def _one_or_many(call: Call, rows: list[Json]) -> Json | list[Json]:
    return rows[0] if call.params.has("symbol") else rows


def _symbol(instrument: Instrument, *, is_closed: bool) -> Json:
    tick, step = text(instrument.tick), text(instrument.step)
    return {
        "symbol": instrument.symbol,
        "status": "BREAK" if is_closed else "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "opoAllowed": False,
        "pegInstructionsAllowed": False,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": text(instrument.amount_max), "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": text(instrument.amount_max), "stepSize": "0.00000000"},
            {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2", "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
            {"filterType": "NOTIONAL", "minNotional": text(instrument.cost_min), "applyMinToMarket": True, "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": instrument.orders_max},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": instrument.stop_orders_max},
            {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": TRAILING_MIN, "maxTrailingAboveDelta": TRAILING_MAX, "minTrailingBelowDelta": TRAILING_MIN, "maxTrailingBelowDelta": TRAILING_MAX},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": LISTS_MAX},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": AMENDS_MAX},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }  # fmt: skip


_SYMBOLS = ("symbol", "symbols", "type", "symbolStatus")
ROUTES = (
    Route("GET", "/api/v3/ping", ping),
    Route("GET", "/api/v3/time", server_time),
    Route("GET", "/sapi/v1/system/status", system_status),
    Route("GET", "/api/v3/exchangeInfo", exchange_info, weight=20, optional=None),
    Route("GET", "/api/v3/klines", candles, weight=2, required=("symbol", "interval"), optional=("startTime", "endTime", "limit")),
    Route("GET", "/api/v3/uiKlines", candles, weight=2, required=("symbol", "interval"), optional=("startTime", "endTime", "limit")),
    Route("GET", "/api/v3/ticker/24hr", ticker_day, weight=2, optional=_SYMBOLS),
    Route("GET", "/api/v3/ticker/price", ticker_price, weight=2, optional=_SYMBOLS),
    Route("GET", "/api/v3/ticker/bookTicker", ticker_book, weight=2, optional=_SYMBOLS),
    Route("GET", "/api/v3/avgPrice", average_price, weight=2, required=("symbol",)),
    Route("GET", "/api/v3/depth", depth, weight=5, required=("symbol",), optional=("limit",)),
    Route("GET", "/api/v3/trades", trades, weight=25, required=("symbol",), optional=("limit",)),
    Route("GET", "/api/v3/aggTrades", aggregate_trades, weight=4, required=("symbol",), optional=("limit", "startTime", "endTime", "fromId")),
)  # fmt: skip
