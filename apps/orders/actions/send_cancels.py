"""Send the cancels that were asked for, again until each order has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now
from apps.orders.actions.ask_order import Finding, ask_order, missing_fills
from apps.orders.actions.mark_asked import mark_asked
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.actions.store_calls import store_calls
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.rows import Asked
from apps.orders.queries import cancels_to_send
from apps.venues import gateways
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.gateways.wire import collect
from apps.venues.queries import credentials

log = structlog.get_logger(__name__)
WAVE: Final = 20
DEADLINE_SECONDS: Final = 4.0
PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class CancelSummary:
    """How many cancels went out, how many the venue confirmed, how many are tried again later."""

    sent: int = 0
    confirmed: int = 0
    failed: int = 0


def send_cancels(*, account_id: UUID, order_ids: Sequence[UUID] | None = None) -> CancelSummary:
    """Cancel flagged orders that rest at the venue (or only `order_ids` of them), in waves.

    No permit is needed: a cancel only lowers risk. Cancelling twice does no harm; a refused or
    lost cancel is due again after 2 s, later after a minute at most, for as long as it takes.
    Confirmations become facts.
    """
    summary = CancelSummary()
    due = cancels_to_send(account_id=account_id, order_ids=order_ids, at=now())
    moves = [Move(order.id, "pending_cancel", "cancel") for order in due]
    move_orders(moves=moves, before=("open", "partially_filled"), at=now())
    for start in range(0, len(due), WAVE):
        _send_wave(account_id, due[start : start + WAVE], summary)
    return summary


def _send_wave(account_id: UUID, orders: Sequence[Asked], summary: CancelSummary) -> None:
    gateway = gateways.gateway(credentials(account_id=account_id))
    try:
        # cancels are exits for the rate budget: its reserved share is theirs
        granted = call(gateway.admit_orders(exits=len(orders)), timeout=PATIENCE_SECONDS)
    except (VenueError, TimeoutError) as error:
        log.info("cancel.not_admitted", account=str(account_id), error=str(error))
        return
    allowed = orders[: granted.exits]
    mark_asked(order_ids=[order.id for order in allowed], at=now())
    with collect() as calls:
        try:
            findings = call(_gather(gateway, allowed), timeout=PATIENCE_SECONDS)
        except TimeoutError:
            findings = []
    reports = [finding.report for finding in findings if finding.report]
    fills = [fill for finding in findings if finding.report for fill in finding.fills]
    store_facts(account_id=account_id, source="answer", orders=reports, fills=fills)
    names = {order.client_order_id: order.id for order in orders}
    store_calls(account_id=account_id, calls=calls, names=names)
    summary.sent += len(allowed)
    summary.confirmed += len(reports)
    summary.failed += len(allowed) - len(reports)


async def _gather(gateway: Gateway, orders: Sequence[Asked]) -> list[Finding]:
    return list(await asyncio.gather(*(_cancel(gateway, order) for order in orders)))


async def _cancel(gateway: Gateway, order: Asked) -> Finding:
    """Cancel one order; when the venue does not say how it ended, ask how it stands."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            report = await gateway.cancel_order(order.symbol, order.client_order_id)
        if report is not None:
            fills = await missing_fills(gateway=gateway, order=order, report=report)
            return Finding(order, report, fills, is_answered=True)
    except (VenueError, TimeoutError) as error:
        log.info("cancel.failed", order=order.client_order_id, error=str(error))
    return await ask_order(gateway=gateway, order=order)
