"""Walk through an instrument's fills, ours beside the venue's, page by page in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.core.clock import from_ms, to_ms
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.domain.history import Ledger, Slice, compare_slice, pack
from apps.reconciliation.queries.history import (
    Traded,
    booked_between,
    bots_of,
    marked_states,
    owners_of,
)
from apps.venues.domain.reports import FillReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

PART_SECONDS: Final = 300.0
# More than this is no list of single breaks: the walk stops there and says so.
DIFFERENCES_MAX: Final = 500


@dataclass(slots=True)
class Walk:
    """How far a walk came: its ledger, and the last midnight up to which both lists were the same."""

    ledger: Ledger
    fills_before: int
    verified_through: datetime | None = None
    verified_fills: int = 0
    states: dict[str, Any] = field(default_factory=dict)


def walk_fills(
    *,
    account_id: UUID,
    traded: Traded,
    pages: Iterable[Sequence[FillReport]],
    until: datetime,
    is_settled: Callable[[list[Difference]], bool],
) -> Walk:
    """Compare all fills from `traded.since` up to `until` (market time) and return what was found.

    Only a page of the venue's and as many fills of ours are held at a time. `pages` are the venue's
    fills, oldest first; `is_settled` tells whether people resolved all of these differences.
    """
    before, states = marked_states(account_id=account_id, instrument_id=traded.instrument_id)
    ledger = Ledger(symbol=traded.symbol, unit=traded.unit)
    ledger.desk, ledger.venue = dict(states), {bot: _same(s) for bot, s in states.items()}
    walk = Walk(ledger, before)
    bots = bots_of(instrument_id=traded.instrument_id)
    for (start, end), rows in spans(pages=pages, since=traded.since, until=until):
        ours = booked_between(
            account_id=account_id, instrument_id=traded.instrument_id, bots=bots, span=(start, end)
        )
        theirs = {(fill.venue_order_id, fill.venue_trade_id): fill for fill in rows}
        unmatched = {key[0] for key in theirs.keys() - ours.keys()}
        owners = owners_of(
            account_id=account_id,
            instrument_id=traded.instrument_id,
            venue_order_ids=sorted(unmatched),
        )
        compare_slice(ledger, Slice(ours, theirs, owners))
        if end == _midnight(end) and not ledger.missed:
            if not ledger.is_clean and is_settled(ledger.differences):
                # people agreed that our books stand: from here on they are the measure
                ledger.venue = {bot: _same(state) for bot, state in ledger.desk.items()}
                _mark(walk, end)
            elif ledger.is_clean:
                _mark(walk, end)
        if len(ledger.differences) > DIFFERENCES_MAX:
            break
    return walk


def venue_pages(*, gateway: Gateway, symbol: str, since: datetime) -> Iterator[list[FillReport]]:
    """Yield the venue's fills of a symbol from `since` on, oldest first, a bounded part at a time.

    Each part starts with the last moment of the one before, whose fills it may split.

    :raises VenueError: when the venue cannot be read.
    """
    since_ms, seen = to_ms(since), set[str]()
    while True:
        part = call(gateway.fills(symbol, since_ms=since_ms), timeout=PART_SECONDS)
        fresh = [fill for fill in part if fill.venue_trade_id not in seen]
        if not fresh:
            return
        yield fresh
        since_ms = max(fill.at_ms for fill in part)
        seen = {fill.venue_trade_id for fill in part if fill.at_ms == since_ms}


def spans(
    *, pages: Iterable[Sequence[FillReport]], since: datetime, until: datetime
) -> Iterator[tuple[tuple[datetime, datetime], list[FillReport]]]:
    """Yield spans of time with all of the venue's fills in them, none across a midnight.

    The last moment of a page may go on in the next one, so it is held back until then.
    """
    start, waiting = since, list[FillReport]()
    for page in pages:
        waiting.extend(fill for fill in page if fill.at_ms >= to_ms(since))
        if not waiting:
            continue
        cut = min(from_ms(max(fill.at_ms for fill in waiting)), until)
        if cut > start:
            yield from _by_day(start, cut, waiting)
            limit = to_ms(cut)
            waiting, start = [fill for fill in waiting if fill.at_ms >= limit], cut
        if cut >= until:
            break
    if until > start:
        yield from _by_day(start, until, waiting)


def _by_day(
    start: datetime, end: datetime, fills: Sequence[FillReport]
) -> Iterator[tuple[tuple[datetime, datetime], list[FillReport]]]:
    days: dict[int, list[FillReport]] = {}
    first, last = to_ms(start), to_ms(end)
    for fill in fills:
        if first <= fill.at_ms < last:
            days.setdefault(fill.at_ms // DAY_MS, []).append(fill)
    while start < end:
        stop = min(_midnight(start) + timedelta(days=1), end)
        yield (start, stop), days.get(to_ms(start) // DAY_MS, [])
        start = stop


DAY_MS: Final = 86_400_000


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _mark(walk: Walk, end: datetime) -> None:
    walk.verified_through = end
    walk.verified_fills = walk.fills_before + walk.ledger.equal
    walk.states = {str(bot): pack(state) for bot, state in walk.ledger.venue.items()}


def _same(state: Any) -> Any:
    return type(state)(**{name: getattr(state, name) for name in state.__slots__})
