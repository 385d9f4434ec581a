"""Orders asked for by a family's own calls, where ccxt's lack our id or the answer is a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways import reads
from apps.venues.gateways.classify import NoSuchOrder
from apps.venues.gateways.errors import ReadFailed
from apps.venues.gateways.families.base import Family, Terms, VenueCall, Wanted
from apps.venues.gateways.wire import about

PAGES_MAX: Final = 50
Reader = Callable[[Callable[[], Awaitable[Any]], str], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class FillsAsked:
    """Which fills: of a symbol since a time (epoch ms), `params` naming one order."""

    symbol: str
    kind: str
    since_ms: int | None
    params: dict[str, Any]
    venue_order_id: str = ""

    def is_of(self, report: FillReport) -> bool:
        """Return whether a fill is one that was asked for."""
        is_order = self.venue_order_id in {"", report.venue_order_id}
        return is_order and report.symbol == self.symbol


async def lists(
    exchange: Any, traits: Family, symbol: str | None, *, kind: str, read: Reader
) -> list[tuple[str | None, dict[str, Any], str]]:
    """Return which lists of open orders to read: symbol or None for all, parameters, kind."""
    kinds = (kind,) if symbol else traits.kinds
    found = [(symbol, dict(words), one) for one in kinds for words in traits.lists_of(one)]
    if symbol is None and traits.open_symbols is not None:
        call = traits.open_symbols
        answer = await read(lambda: getattr(exchange, call.method)(call.params), "open_orders")
        try:
            names = answer["data"]["symbols"]
        except reads.NOT_WHOLE as error:
            raise ReadFailed("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error
        found = [entry for entry in found if entry[1]]
        markets = [reads.market_of(exchange, name, kinds[0]) for name in names]
        found += [(market["symbol"], {}, kinds[0]) for market in markets if market]
    # a list that holds several kinds is read once
    seen: dict[str, tuple[str | None, dict[str, Any], str]] = {}
    for entry in found:
        seen.setdefault(str(entry[:2]), entry)
    return list(seen.values())


def place(exchange: Any, traits: Family, symbol: str, *, at_ms: int) -> Terms:
    """Return what a question or a cancel depends on beside the order's id.

    :raises ReadFailed: `SYMBOL_UNKNOWN`.
    """
    market = exchange.markets.get(symbol)
    if market is None:
        raise ReadFailed("SYMBOL_UNKNOWN", symbol=symbol)
    size = reads.contract_size(market) if traits.counts_contracts else reads.ONE
    return Terms(
        kind=reads.kind_of(market), venue_symbol=str(market["id"]), contract_size=size, at_ms=at_ms
    )


async def find(
    exchange: Any, traits: Family, wanted: Wanted, terms: Terms, *, read: Reader
) -> OrderReport | None:
    """Return the first order of ours that one of the family's calls shows; None when none does.

    A call that fails otherwise than by "no such order" proves nothing, so it is raised.

    :raises VenueError: when the venue cannot be read.
    """
    for call in traits.find_of(wanted, terms) if traits.find_of else ():
        for row in await _rows(exchange, traits, wanted, call, read=read):
            try:
                found = reads.order_report(exchange, traits, {"info": row}, kind=terms.kind)
            except reads.NOT_WHOLE as error:
                raise ReadFailed("ANSWER_NOT_WHOLE", message=str(row)[:300]) from error
            if wanted.names(found):
                return found
    return None


async def fills(
    exchange: Any, traits: Family, asked: FillsAsked, *, read: Reader
) -> list[FillReport]:
    """Return fills of a venue that gives them newest first, in pages: oldest first, each once.

    :raises VenueError: when the venue cannot be read.
    """
    found: dict[str, FillReport] = {}
    symbol = None if traits.fills_of_all else asked.symbol
    for words in traits.fill_lists(asked.kind):
        older: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            wanted = {**asked.params, **words, **older}
            answers = await read(
                partial(
                    exchange.fetch_my_trades,
                    symbol,
                    asked.since_ms,
                    traits.fills_page,
                    wanted,
                ),
                "fills",
            )
            page = [_fill(exchange, traits, answer, asked.kind) for answer in answers]
            fresh = [report for report in page if report.venue_trade_id not in found]
            found |= {report.venue_trade_id: report for report in fresh}
            is_past = asked.venue_order_id and found and not any(map(asked.is_of, page))
            if is_past or traits.fills_before is None or len(page) < traits.fills_page or not fresh:
                break
            older = traits.fills_before(min(page, key=lambda report: report.at_ms))
    wanted_fills = filter(asked.is_of, found.values())
    return sorted(wanted_fills, key=lambda report: (report.at_ms, report.venue_trade_id))


def _fill(exchange: Any, traits: Family, answer: Any, kind: str) -> FillReport:
    try:
        return reads.fill_report(exchange, traits, answer, kind=kind)
    except reads.NOT_WHOLE as error:
        raise ReadFailed("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error


async def _rows(
    exchange: Any, traits: Family, wanted: Wanted, call: VenueCall, *, read: Reader
) -> list[Any]:
    try:
        with about("query", wanted.client_order_id):
            answer = await read(lambda: getattr(exchange, call.method)(call.params), "order")
    except NoSuchOrder:
        return []
    try:
        return list(traits.rows_of(answer))
    except reads.NOT_WHOLE as error:
        raise ReadFailed("ANSWER_NOT_WHOLE", message=str(answer)[:300]) from error
