"""Look once at an account's orders and fills, and store what the venue proves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from apps.core.clock import from_ms, now, to_ms
from apps.marketdata.clock import clock_is_virtual, market_now
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.client_ids import bears_our_mark
from apps.portfolio.actions.absorb import absorb
from apps.reconciliation.actions.tell_strangers import tell_strangers
from apps.reconciliation.domain.compare import compare, fill_json, vanished
from apps.reconciliation.domain.differences import BookOrder, Difference, Findings, Shown
from apps.reconciliation.queries.orders import (
    PROTECTION_SECONDS,
    foreign_cancels,
    liquidations,
    read_book,
    symbols_to_compare,
    unprotected_positions,
    window_start,
)
from apps.venues import gateways
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

READ_SECONDS: Final = 90.0
# Orders asked for one by one in a pass; the rest waits for the next.
ASKED_MAX: Final = 50
# A fill that a stream may still bring is not yet a missing one.
LATE: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Look:
    """What one look found; `healed` counts fills and ends that were new to us."""

    findings: Findings
    differences: list[Difference]
    healed: int = 0
    late: list[Difference] = field(default_factory=list)


def look_at_orders(*, account_id: UUID) -> Look:
    """Read the venue, then the book, compare, and absorb what the venue proves.

    The venue is read first: whatever of ours it shows is then in the book that is read later.

    :raises VenueError: when the venue cannot be read.
    :raises TimeoutError: when it takes longer than 90 s.
    """
    absorb(account_id=account_id)
    since = window_start(account_id=account_id)
    symbols = symbols_to_compare(account_id=account_id, since=since[0])
    gateway = gateways.gateway(credentials(account_id=account_id))
    shown = call(_read(gateway, symbols, since[1]), timeout=READ_SECONDS)
    absorb(account_id=account_id)
    book = read_book(
        account_id=account_id,
        since=since,
        symbols=symbols,
        names=[report.client_order_id for report in shown.open_orders],
        venue_order_ids=[fill.venue_order_id for fill in shown.fills],
    )
    findings = compare(
        book=book, shown=shown, is_ours=lambda name: bears_our_mark(name, settings.DESK_MARK_KEY)
    )
    found, gone = call(_ask(gateway, findings.absent[:ASKED_MAX]), timeout=READ_SECONDS)
    late = _late(findings.missed)
    healed = _heal(account_id, findings, found)
    told = tell_strangers(account_id=account_id, gateway=gateway, differences=findings.differences)
    findings.differences = told.differences
    findings.in_doubt += told.waiting
    differences = [
        *findings.differences,
        *(vanished(order) for order in gone),
        *foreign_cancels(account_id=account_id, since=since[0]),
        *liquidations(account_id=account_id, since=since[0]),
        *_unprotected(account_id),
    ]
    return Look(findings, differences, healed + told.healed, late)


def _unprotected(account_id: UUID) -> list[Difference]:
    """Return positions without their stop; in lock-step the market itself waits for every stop."""
    if clock_is_virtual():
        return []
    before = now() - timedelta(seconds=PROTECTION_SECONDS)
    return unprotected_positions(account_id=account_id, before=before)


def _heal(account_id: UUID, findings: Findings, found: Sequence[OrderReport]) -> int:
    reports = [*findings.told, *found]
    if not reports and not findings.missed:
        return 0
    store_facts(account_id=account_id, source="reconcile", orders=reports, fills=findings.missed)
    summary = absorb(account_id=account_id)
    return summary.fills + len(summary.ended)


def _late(missed: Sequence[FillReport]) -> list[Difference]:
    """Return the missing fills that no stream is likely to bring any more."""
    limit = market_now() - LATE
    return [
        Difference(
            "missing_fill",
            f"{fill.symbol} {fill.venue_order_id} {fill.venue_trade_id}",
            "info",
            venue=fill_json(fill),
        )
        for fill in missed
        if from_ms(fill.at_ms) < limit
    ]


async def _read(gateway: Gateway, symbols: Sequence[str], since: datetime) -> Shown:
    open_orders = await gateway.open_orders()
    since_ms = to_ms(since)
    pages = await asyncio.gather(*(gateway.fills(symbol, since_ms=since_ms) for symbol in symbols))
    return Shown(tuple(open_orders), tuple(fill for page in pages for fill in page))


async def _ask(
    gateway: Gateway, orders: Sequence[BookOrder]
) -> tuple[list[OrderReport], list[BookOrder]]:
    """Return the reports of these orders, and those that the venue does not know."""
    answers = await asyncio.gather(
        *(gateway.order(order.symbol, order.client_order_id) for order in orders)
    )
    pairs = list(zip(orders, answers, strict=True))
    return [a for _, a in pairs if a is not None], [o for o, a in pairs if a is None]
