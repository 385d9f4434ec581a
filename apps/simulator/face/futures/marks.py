"""Public endpoints of /fapi about mark prices and funding."""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.simulator.domain.candles import exact_price
from apps.simulator.domain.liquidity import Candle
from apps.simulator.domain.perpetual.books import Mark
from apps.simulator.domain.perpetual.contracts import venue_symbol
from apps.simulator.face.calls import Call
from apps.simulator.face.futures.market import candles, one_or_many, route, timeframe, wanted
from apps.simulator.face.futures.requests import symbol_of
from apps.simulator.face.quotes import source_of
from apps.simulator.face.render import Json, text

FUNDING_ROWS_MAX: Final = 1000


async def mark_candles(call: Call) -> list[list[Any]]:
    """Return candles of the mark price, without volume."""
    symbol, length = symbol_of(call), TIMEFRAME_MS[timeframe(call)]
    rows, source = await candles(call), call.exchange.contracts.source(symbol)
    series = source.marks
    if series is not None and series.length_ms <= length:
        found = (series.closing(timeframe(call), row[6] + 1) for row in rows)
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
    for symbol in wanted(call):
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
    return one_or_many(call, rows)


async def funding_rates(call: Call) -> list[Json]:
    """Return what was charged, oldest first: from a time on, or the latest."""
    at_ms, params = call.exchange.now_ms(), call.params
    start, end = params.integer("startTime"), min(params.integer("endTime", at_ms) or at_ms, at_ms)
    limit, rows = params.limit(100, FUNDING_ROWS_MAX), []
    for symbol in wanted(call):
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
        for symbol in wanted(call)
    ]


def mark_now(call: Call, symbol: str) -> Mark:
    """Return the mark of a contract as it stands."""
    known = call.exchange.ledger.contracts.marks.get(symbol)
    if known is not None:
        return known
    last = call.exchange.ledger.market(symbol).last
    return call.exchange.contracts.source(symbol).mark(last, call.exchange.now_ms())


def _candle(row: list[Any]) -> Candle:
    return Candle(row[0], *(exact_price(float(value)) for value in row[1:6]))


ROUTES = (
    route("v1/markPriceKlines", mark_candles, 5, ("symbol", "interval")),
    route("v1/premiumIndex", premium_index),
    route("v1/fundingRate", funding_rates),
    route("v1/fundingInfo", funding_info),
)
