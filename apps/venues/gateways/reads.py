"""From ccxt's answers to plain values."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, exact
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput
from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    InstrumentRules,
    OrderReport,
    QuoteRow,
)
from apps.venues.gateways.families.base import Family

DECIMAL_PLACES: Final = 2
TICK_SIZE: Final = 4
# our clock may run ahead of the venue's: a candle counts as closed a second later
CLOSED_MARGIN_MS: Final = 1000
# what reading an answer raises that is empty, cut short, or holds NaN for a number
NOT_WHOLE: Final = (KeyError, TypeError, AttributeError, InvalidInput)


def symbol_of(exchange: Any, venue_symbol: str) -> str:
    """Return our symbol of a venue's spot symbol; the venue's own where it is not listed."""
    for market in exchange.markets_by_id.get(venue_symbol, ()):
        if market["spot"]:
            return str(market["symbol"])
    return venue_symbol


def number(text: str | None) -> Decimal | None:
    """Return ccxt's text of a number as Decimal; None for zero and for none.

    :raises InvalidInput: `NOT_A_NUMBER` for NaN, infinities and text that is no number.
    """
    return (exact(text) or None) if text is not None else None


def order_report(exchange: Any, traits: Family, answer: Any) -> OrderReport:
    """Return the report of one ccxt order, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    if traits.read_order is None:
        raise KeyError(traits.name)
    report = traits.read_order(answer["info"])
    symbol = symbol_of(exchange, report.symbol)
    fills = tuple(dataclasses.replace(fill, symbol=symbol) for fill in report.fills)
    return dataclasses.replace(report, symbol=symbol, fills=fills)


def fill_report(exchange: Any, traits: Family, answer: Any) -> FillReport:
    """Return the report of one ccxt trade, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    if traits.read_fill is None:
        raise KeyError(traits.name)
    report = traits.read_fill(answer["info"])
    return dataclasses.replace(report, symbol=symbol_of(exchange, report.symbol))


def closed_candles(
    rows: list[list[Any]], *, symbol: str, timeframe: str, now_ms: int
) -> list[CandleRow]:
    """Return the candles that closed by `now_ms` (epoch ms)."""
    latest = now_ms - TIMEFRAME_MS[timeframe] - CLOSED_MARGIN_MS
    return [
        CandleRow(symbol, timeframe, int(row[0]), *(float(value) for value in row[1:6]))
        for row in rows
        if row[0] <= latest and None not in row[:6]
    ]


def quote(ticker: dict[str, Any], *, now_ms: int) -> QuoteRow | None:
    """Return the quote of a ccxt ticker; None when it names no price."""
    last = ticker.get("last") or ticker.get("close")
    if number(last) is None:
        return None
    return QuoteRow(
        symbol=ticker["symbol"],
        bid=number(ticker.get("bid")),
        ask=number(ticker.get("ask")),
        last=exact(str(last)),
        at_ms=int(ticker.get("timestamp") or now_ms),
    )


def instrument(exchange: Any, traits: Family, market: dict[str, Any]) -> InstrumentRules | None:
    """Return the rules of a spot market; None for other markets and for one without steps."""
    price_tick = _step(exchange, market["precision"].get("price"))
    amount_step = _step(exchange, market["precision"].get("amount"))
    if not market.get("spot") or price_tick is None or amount_step is None:
        return None
    limits = market["limits"]
    return InstrumentRules(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        kind="spot",
        price_tick=price_tick,
        amount_step=amount_step,
        amount_min=number((limits.get("amount") or {}).get("min")) or ZERO,
        cost_min=number((limits.get("cost") or {}).get("min")) or ZERO,
        is_tradable=market.get("active") is not False,
        stop_orders_max=traits.stop_orders_max(market["info"]),
    )


def _step(exchange: Any, precision: Any) -> Decimal | None:
    step = number(precision)
    if exchange.precisionMode == DECIMAL_PLACES and precision is not None:
        return Decimal(1).scaleb(-int(precision))
    return step if exchange.precisionMode == TICK_SIZE else None
