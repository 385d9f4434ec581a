"""Settle what is unknown by asking the venue: the only way out of doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from apps.core.clock import now
from apps.orders.actions.ask_order import Finding, ask_order
from apps.orders.actions.mark_asked import mark_asked
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.actions.next_fence import next_fence
from apps.orders.actions.requeue_orders import requeue_orders
from apps.orders.actions.send_lock import send_lock
from apps.orders.actions.store_calls import store_calls
from apps.orders.actions.store_facts import store_facts
from apps.orders.actions.watch_doubt import watch_doubt
from apps.orders.domain.proof import may_ask_for_proof, shows_nothing_of
from apps.orders.domain.rows import Asked
from apps.orders.queries import known_venue_ids, orders_to_resolve, submitted_ids
from apps.venues import gateways
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.gateways.wire import collect
from apps.venues.queries import credentials

log = structlog.get_logger(__name__)
WAVE: Final = 20
PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class ResolveSummary:
    """How many orders were asked about, found, proved absent (and queued anew), still in doubt."""

    asked: int = 0
    found: int = 0
    absent: int = 0
    requeued: int = 0
    in_doubt: int = 0


def resolve_orders(*, account_id: UUID) -> ResolveSummary:
    """Ask the venue about every order in doubt; what it says becomes facts for `absorb`.

    An order in transit counts as orphaned at once when nobody holds the send lock. Absence needs
    proof: not found by our id and not in the trades, asked later than anything sent could still
    arrive. A failed call proves nothing. What is settled here takes a new fence, so that a sender
    that wakes up late changes nothing. Call it outside any transaction.
    """
    orphans = submitted_ids(account_id=account_id)
    if orphans:
        with send_lock(account_id=account_id) as is_ours:
            orphans = submitted_ids(account_id=account_id) if is_ours else []
    due = orders_to_resolve(account_id=account_id, orphans=orphans, at=now())
    summary = ResolveSummary()
    access = credentials(account_id=account_id) if due else None
    for start in range(0, len(due), WAVE):
        assert access is not None
        _resolve(account_id, access, due[start : start + WAVE], summary)
    if due:
        watch_doubt(account_id=account_id)
    return summary


def _resolve(
    account_id: UUID, access: Credentials, orders: Sequence[Asked], summary: ResolveSummary
) -> None:
    asked_at = now()
    mark_asked(order_ids=[order.id for order in orders], at=asked_at)
    with collect() as calls:
        try:
            findings = call(_ask_all(gateways.gateway(access), orders), timeout=PATIENCE_SECONDS)
        except TimeoutError:
            findings = [Finding(order) for order in orders]
    reports = [finding.report for finding in findings if finding.report]
    fills = [fill for finding in findings if finding.report for fill in finding.fills]
    absent = _absent(account_id, access, findings, asked_at)
    doubt = [f.order for f in findings if f.report is None and f.order.id not in absent]
    with transaction.atomic():
        store_facts(account_id=account_id, source="sweep", orders=reports, fills=fills)
        names = {order.client_order_id: order.id for order in orders}
        store_calls(account_id=account_id, calls=calls, names=names)
        fence = next_fence(account_id=account_id) if absent or doubt else None
        gone = [Move(i, "rejected", "sweep", reason="NOT_AT_VENUE") for i in sorted(absent)]
        ended = move_orders(moves=gone, before=("submitted", "unknown"), at=now(), fence=fence)
        requeued = requeue_orders(order_ids=list(ended))
        unclear = [Move(order.id, "unknown", "sweep", reason="ORPHANED") for order in doubt]
        move_orders(moves=unclear, before=("submitted",), at=now(), fence=fence)
    summary.asked += len(orders)
    summary.found += len(reports)
    summary.absent += len(ended)
    summary.requeued += len(requeued)
    summary.in_doubt += len(doubt)
    log.info("orders.resolved", account=str(account_id), **asdict(summary))


def _absent(
    account_id: UUID, access: Credentials, findings: Sequence[Finding], asked_at: datetime
) -> set[UUID]:
    """Return the orders that are proved not to exist at the venue."""
    candidates = [
        finding
        for finding in findings
        if finding.is_answered
        and finding.report is None
        and finding.order.status in {"submitted", "unknown"}
        and finding.order.submitted_at is not None
        and may_ask_for_proof(
            submitted_at=finding.order.submitted_at,
            asked_at=asked_at,
            venue=access.venue,
            environment=access.environment,
        )
    ]
    numbers = {fill.venue_order_id for finding in candidates for fill in finding.fills}
    known = known_venue_ids(account_id=account_id, venue_order_ids=sorted(numbers))
    known |= _strangers(gateways.gateway(access), candidates, known)
    return {
        finding.order.id
        for finding in candidates
        if shows_nothing_of(
            client_order_id=finding.order.client_order_id,
            side=finding.order.side,
            fills=finding.fills,
            known=known,
        )
    }


def _strangers(gateway: Gateway, candidates: Sequence[Finding], known: Container[str]) -> set[str]:
    """Return the venue's ids of orders that bear another's client order id.

    Trade lists name none, so somebody's trade by hand would keep a doubt alive for ever.
    """
    asked = sorted(
        {
            (fill.symbol, fill.venue_order_id)
            for finding in candidates
            for fill in finding.fills
            if not fill.client_order_id
            and fill.side == finding.order.side
            and fill.venue_order_id not in known
        }
    )[:WAVE]
    names = {finding.order.client_order_id for finding in candidates}
    found = set()
    for symbol, number in asked:
        try:
            report = call(gateway.order_of_fill(symbol, number), timeout=PATIENCE_SECONDS)
        except (VenueError, TimeoutError) as error:
            log.info("resolve.unreadable", order=number, error=str(error))
            continue
        if report is not None and report.client_order_id and report.client_order_id not in names:
            found.add(number)
    return found


async def _ask_all(gateway: Gateway, orders: Sequence[Asked]) -> list[Finding]:
    asked = (ask_order(gateway=gateway, order=order) for order in orders)
    return list(await asyncio.gather(*asked))
