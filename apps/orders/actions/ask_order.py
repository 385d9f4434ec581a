"""Ask the venue how one order stands, with the fills that we miss."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from apps.core.clock import to_ms
from apps.orders.domain.rows import Asked
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway

log = structlog.get_logger(__name__)
# Trades are searched from a little before the order was decided.
MARGIN: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Finding:
    """What the venue said of one order: its report, or that there is none, or no answer at all.

    `fills` complete the report; without one they are all trades since the order was decided.
    """

    order: Asked
    report: OrderReport | None = None
    fills: list[FillReport] = field(default_factory=list)
    is_answered: bool = False


async def ask_order(*, gateway: Gateway, order: Asked) -> Finding:
    """Ask for one order by our own id; a failed call leaves the finding unanswered."""
    finding = Finding(order)
    try:
        report = await gateway.order(order.symbol, order.client_order_id)
        if report is None:
            since = min(order.decided_at, order.send_by) - MARGIN
            finding.fills = await gateway.fills(order.symbol, since_ms=to_ms(since))
        else:
            finding.fills = await missing_fills(gateway=gateway, order=order, report=report)
        finding.report = report
        finding.is_answered = True
    except (VenueError, TimeoutError) as error:
        log.info("ask.failed", order=order.client_order_id, error=str(error))
    return finding


async def missing_fills(*, gateway: Gateway, order: Asked, report: OrderReport) -> list[FillReport]:
    """Return an order's fills when its report counts more than we hold and does not bring them.

    :raises VenueError: when the venue cannot be read.
    """
    if report.filled <= order.filled or report.fills:
        return []
    # a conditional order's fills bear the id of the order that it sent
    filled_as = report.triggered_id or report.venue_order_id
    return await gateway.fills(order.symbol, venue_order_id=filled_as)
