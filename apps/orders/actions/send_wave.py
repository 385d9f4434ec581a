"""Send one wave of claimed orders under the account's send permit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import to_ms
from apps.orders.domain.rows import Sendable
from apps.risk.actions.permit import PermitUnavailable, send_permit
from apps.venues import gateways
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown, VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

log = structlog.get_logger(__name__)
DEADLINE_SECONDS: Final = 4.0

Answer = OrderReport | VenueError


@dataclass(slots=True)
class WaveResult:
    """The answer to each order that was sent, and the orders the permit held back."""

    answers: dict[UUID, Answer] = field(default_factory=dict)
    halted: list[UUID] = field(default_factory=list)


def send_wave(*, account_id: UUID, orders: Sequence[Sendable]) -> WaveResult:
    """Send claimed orders all at once and return what is known of each within 4 s.

    The permit's transaction only locks and reads. Nothing raised by a venue escapes: what is not
    an answer is `OutcomeUnknown`, which proves nothing.
    """
    gateway = gateways.gateway(credentials(account_id=account_id))
    result = WaveResult()
    try:
        with send_permit(account_id=account_id) as permit:
            allowed = []
            for order in orders:
                if permit.allows(order.purpose, order.bot_id, order.instrument_id, order.halt_id):
                    allowed.append(order)
                else:
                    result.halted.append(order.id)
            if allowed:
                tickets = {order.id: ticket_of(order) for order in allowed}
                signed_at = to_ms(permit.granted_at)
                result.answers = _answers(gateway, tickets, signed_at)
    except PermitUnavailable as error:
        held_back = NeverSent("PERMIT_UNAVAILABLE", message=str(error))
        result.answers = {order.id: held_back for order in orders}
    return result


def ticket_of(order: Sendable) -> OrderTicket:
    """Return the order as it goes to the venue."""
    return OrderTicket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        amount=order.amount,
        price=order.price,
        stop_price=order.stop_price,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
    )


def _answers(
    gateway: Gateway, tickets: Mapping[UUID, OrderTicket], signed_at: int
) -> dict[UUID, Answer]:
    wave = _gather(gateway, list(tickets.values()), signed_at)
    try:
        found = call(wave, timeout=DEADLINE_SECONDS + 0.5)
    except TimeoutError as error:
        log.warning("send.deadline", orders=len(tickets))
        return {order_id: OutcomeUnknown(message=repr(error)) for order_id in tickets}
    return dict(zip(tickets, found, strict=True))


async def _gather(gateway: Gateway, tickets: Sequence[OrderTicket], signed_at: int) -> list[Answer]:
    return list(await asyncio.gather(*(_send(gateway, t, signed_at) for t in tickets)))


async def _send(gateway: Gateway, ticket: OrderTicket, signed_at: int) -> Answer:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await gateway.create_order(ticket, permit_at_ms=signed_at)
    except VenueError as error:
        return error
    except Exception as error:  # an order's border: whatever failed, its outcome is unknown
        log.exception("send.unclear", order=ticket.client_order_id)
        return OutcomeUnknown(message=f"{type(error).__name__}: {error}"[:300])
