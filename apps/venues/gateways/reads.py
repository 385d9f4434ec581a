"""From ccxt's answers to plain values."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any, Final, TypeVar

from apps.core.domain.money import ZERO, exact
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput
from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    FundingReport,
    InstrumentRules,
    OrderReport,
    PositionReport,
    QuoteRow,
)
from apps.venues.gateways.families.base import IN_QUOTE, Family

R = TypeVar("R", bound=OrderReport | FillReport | PositionReport | FundingReport)
DECIMAL_PLACES: Final = 2
TICK_SIZE: Final = 4
ONE: Final = Decimal(1)
# our clock may run ahead of the venue's: a candle counts as closed a second later
CLOSED_MARGIN_MS: Final = 1000
# what reading an answer raises that is empty, cut short, or holds NaN for a number
NOT_WHOLE: Final = (KeyError, TypeError, AttributeError, IndexError, InvalidInput)


def kind_of(market: dict[str, Any]) -> str:
    """Return `spot`, `linear`, or what ccxt calls any other market."""
    if market.get("spot"):
        return "spot"
    return "linear" if market.get("swap") and market.get("linear") else str(market.get("type"))


def market_of(exchange: Any, venue_symbol: str, kind: str) -> dict[str, Any] | None:
    """Return ccxt's market of a venue's symbol, of one kind; None where it is not listed."""
    for market in exchange.markets_by_id.get(venue_symbol, ()):
        if kind_of(market) == kind:
            found: dict[str, Any] = market
            return found
    return _by_other_name(exchange, venue_symbol)


def _by_other_name(exchange: Any, venue_symbol: str) -> dict[str, Any] | None:
    """Return ccxt's market by the second name that some venues use in their rows."""
    found = (exchange.options.get("marketsByAltname") or {}).get(venue_symbol)
    if found is None and hasattr(exchange, "coin_to_market_id"):
        found = exchange.markets.get(exchange.coin_to_market_id(venue_symbol))
    return dict(found) if found is not None else None


def ours(exchange: Any, traits: Family, report: R, *, row: Any = None, kind: str = "") -> R:
    """Return a family reader's report under our symbol, amounts in base units.

    `kind` is that of the instruments asked for; it counts where the row does not say its own.
    """
    kind = (traits.kind_of(row) if row is not None else "") or kind or traits.kinds[0]
    market = market_of(exchange, report.symbol, kind)
    changes: dict[str, Any] = {"symbol": market["symbol"] if market else report.symbol}
    size = contract_size(market) if traits.counts_contracts and market else ONE
    if size != ONE and not isinstance(report, FundingReport):
        changes["amount"] = report.amount * size
        if isinstance(report, OrderReport):
            changes["filled"] = report.filled * size
        if isinstance(report, OrderReport | FillReport):
            changes["cost"] = report.cost * size
    if isinstance(report, FillReport) and report.fee_asset == IN_QUOTE and market:
        changes["fee_asset"] = market["quote"]
    if isinstance(report, PositionReport) and not report.at_ms:
        changes["at_ms"] = exchange.milliseconds()
    if isinstance(report, OrderReport):
        changes["fills"] = tuple(
            ours(exchange, traits, f, row=row, kind=kind) for f in report.fills
        )
    return dataclasses.replace(report, **changes)


def contract_size(market: dict[str, Any]) -> Decimal:
    """Return the base units of one contract; 1 where nothing else is said."""
    if kind_of(market) == "spot" or market.get("contractSize") is None:
        return ONE
    return exact(str(market["contractSize"])) or ONE


def number(text: str | None) -> Decimal | None:
    """Return ccxt's text of a number as Decimal; None for zero and for none.

    :raises InvalidInput: `NOT_A_NUMBER` for NaN, infinities and text that is no number.
    """
    return (exact(text) or None) if text is not None else None


def order_report(
    exchange: Any, traits: Family, answer: Any, *, is_apart: bool = False, kind: str = ""
) -> OrderReport:
    """Return the report of one ccxt order, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    read = traits.apart.read if is_apart and traits.apart else traits.read_order
    if read is None:
        raise KeyError(traits.name)
    return ours(exchange, traits, read(answer["info"]), row=answer["info"], kind=kind)


def merged(first: OrderReport, second: OrderReport | None) -> OrderReport:
    """Return a conditional order with what became of the order that it triggered."""
    if second is None:
        return first
    return dataclasses.replace(
        first,
        status=second.status,
        filled=second.filled,
        cost=second.cost,
        at_ms=max(first.at_ms, second.at_ms),
        fills=second.fills,
        triggered_id=first.triggered_id or second.venue_order_id,
    )


def pair_reports(exchange: Any, traits: Family, answer: Any) -> list[OrderReport]:
    """Return both reports of the venue's answer to a pair.

    :raises KeyError: when the answer is not whole.
    """
    if traits.read_pair is None:
        raise KeyError(traits.name)
    return [ours(exchange, traits, report) for report in traits.read_pair(answer)]


def fill_report(exchange: Any, traits: Family, answer: Any, *, kind: str = "") -> FillReport:
    """Return the report of one ccxt trade, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    if traits.read_fill is None:
        raise KeyError(traits.name)
    report = traits.read_fill(answer["info"])
    return ours(exchange, traits, report, row=answer["info"], kind=kind)


def position_report(exchange: Any, traits: Family, answer: Any) -> PositionReport:
    """Return the report of one ccxt position, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    if traits.read_position is None:
        raise KeyError(traits.name)
    report = traits.read_position(answer["info"])
    return ours(exchange, traits, report, row=answer["info"], kind="linear")


def funding_report(exchange: Any, traits: Family, answer: Any) -> FundingReport:
    """Return the report of one ccxt funding payment, read from the venue's own row.

    :raises KeyError: when the row is not whole.
    """
    if traits.read_funding is None:
        raise KeyError(traits.name)
    report = traits.read_funding(answer["info"])
    return ours(exchange, traits, report, row=answer["info"], kind="linear")


def totals(traits: Family, answer: Any) -> dict[str, Decimal]:
    """Return the total of each asset of a wallet.

    :raises KeyError: when the answer is not whole.
    """
    if traits.read_balances is not None:
        return dict(traits.read_balances(answer["info"]))
    return {asset: number(total) or ZERO for asset, total in answer["total"].items()}


def position_mode(answer: Any) -> str:
    """Return the mode in which a venue lists its (empty) positions of a symbol.

    :raises KeyError: when the answer is not whole.
    """
    rows = answer["result"]["list"]
    return "hedge" if int(rows[0]["positionIdx"]) else "one_way"


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


def quote(
    ticker: dict[str, Any], *, book: dict[str, Any], funding: dict[str, Any], now_ms: int
) -> QuoteRow | None:
    """Return the quote of a ccxt ticker, with best prices and funding where they come apart.

    None when it names no price.
    """
    last = ticker.get("last") or ticker.get("close")
    if number(last) is None:
        return None
    next_funding = funding.get("fundingTimestamp") or funding.get("nextFundingTimestamp")
    rate = funding.get("fundingRate")
    return QuoteRow(
        symbol=ticker["symbol"],
        bid=number(ticker.get("bid") or book.get("bid")),
        ask=number(ticker.get("ask") or book.get("ask")),
        last=exact(str(last)),
        at_ms=int(ticker.get("timestamp") or now_ms),
        mark=number(funding.get("markPrice")),
        funding_rate=None if rate is None else exact(str(rate)),
        next_funding_ms=int(next_funding) if next_funding else None,
    )


def instrument(
    exchange: Any, traits: Family, market: dict[str, Any], tiers: dict[str, Any]
) -> InstrumentRules | None:
    """Return the rules of a market; None for kinds the family does not trade or without steps.

    `tiers` are the leverage tiers of its symbol, the first one bounding what is possible.
    """
    price_tick = _step(exchange, market["precision"].get("price"))
    amount_step = _step(exchange, market["precision"].get("amount"))
    kind = kind_of(market)
    if kind not in traits.kinds or price_tick is None or amount_step is None:
        return None
    limits = market["limits"]
    size = contract_size(market) if traits.counts_contracts else ONE
    first = (tiers.get(market["symbol"]) or [{}])[0]
    leverage = first.get("maxLeverage") or (limits.get("leverage") or {}).get("max")
    rate = first.get("maintenanceMarginRate")
    return InstrumentRules(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        kind=kind,
        price_tick=price_tick,
        amount_step=amount_step * size,
        amount_min=(number((limits.get("amount") or {}).get("min")) or ZERO) * size,
        cost_min=number((limits.get("cost") or {}).get("min")) or ZERO,
        is_tradable=market.get("active") is not False,
        stop_orders_max=traits.stop_orders_max(market["info"]),
        settle=str(market.get("settle") or "") if kind == "linear" else "",
        contract_size=contract_size(market),
        leverage_max=number(str(leverage)) if leverage and kind == "linear" else None,
        maintenance_rate=number(str(rate)) if rate else traits.maintenance_rate(market["info"]),
    )


def _step(exchange: Any, precision: Any) -> Decimal | None:
    step = number(precision)
    if exchange.precisionMode == DECIMAL_PLACES and precision is not None:
        return Decimal(1).scaleb(-int(precision))
    return step if exchange.precisionMode == TICK_SIZE else None
