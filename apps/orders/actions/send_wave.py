"""Send one wave of claimed orders under the account's send permit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now, to_ms
from apps.orders.actions.claim_orders import Claim
from apps.orders.domain.rows import Sendable
from apps.orders.domain.units import Unit, units
from apps.risk.actions.permit import Permit, PermitUnavailable
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.domain.wire_record import WireRecord
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown, VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.gateways.wire import collect

log = structlog.get_logger(__name__)
DEADLINE_SECONDS: Final = 4.0

Answer = OrderReport | VenueError


@dataclass(slots=True)
class WaveResult:
    """The answer to each order that was sent, and the orders the permit held back.

    `fence` is the claim under which they were sent, `calls` what crossed the wire, `names` the
    orders' client order ids.
    """

    answers: dict[UUID, Answer] = field(default_factory=dict)
    halted: list[UUID] = field(default_factory=list)
    fence: int | None = None
    calls: list[WireRecord] = field(default_factory=list)
    names: dict[str, UUID] = field(default_factory=dict)


def send_wave(
    *, gateway: Gateway, orders: Sequence[Sendable], claim: Claim, granted: Callable[[], Permit]
) -> WaveResult:
    """Send claimed orders all at once, once `granted` says which may go, and return what is known.

    Requests are signed with the claim's time, and the wave is over 4 s after it: a process that
    was stopped and woke up sends nothing, and what it had sent is refused. Nothing raised by a
    venue escapes: what is not an answer is `OutcomeUnknown`, which proves nothing.
    """
    result = WaveResult(
        fence=claim.fence, names={order.client_order_id: order.id for order in orders}
    )
    try:
        allowed = _allowed(granted(), orders, result)
    except PermitUnavailable as error:
        held_back = NeverSent("PERMIT_UNAVAILABLE", message=str(error))
        result.answers = {order.id: held_back for order in orders}
        return result
    if allowed:
        with collect() as result.calls:
            result.answers |= _answers(gateway, units(allowed), to_ms(claim.at))
    return result


def ticket_of(order: Sendable) -> OrderTicket:
    """Return the order as it goes to the venue; of an amendment, what is left to send."""
    return OrderTicket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        amount=order.rest,
        price=order.price,
        stop_price=order.stop_price,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        trailing_rate=order.trailing_rate,
        worst_price=order.worst_price,
        expires_at_ms=to_ms(order.expires_at) if order.expires_at else None,
        position_side=order.position_side,
    )


def _allowed(permit: Permit, orders: Sequence[Sendable], result: WaveResult) -> list[Sendable]:
    allowed = []
    for order in orders:
        if permit.allows(order.purpose, order.bot_id, order.instrument_id, order.halt_id):
            allowed.append(order)
        elif permit.is_old_build and order.purpose == "entry":
            # the declared build's processes send it
            result.answers[order.id] = NeverSent("OLD_BUILD")
        else:
            result.halted.append(order.id)
    return allowed


def _answers(gateway: Gateway, wave: Sequence[Unit], signed_at: int) -> dict[UUID, Answer]:
    try:
        found = call(_gather(gateway, wave, signed_at), timeout=DEADLINE_SECONDS + 0.5)
    except TimeoutError as error:
        log.warning("send.deadline", units=len(wave))
        return {order.id: OutcomeUnknown(message=repr(error)) for unit in wave for order in unit}
    return {
        order.id: answer
        for unit, answers in zip(wave, found, strict=True)
        for order, answer in zip(unit, answers, strict=True)
    }


async def _gather(gateway: Gateway, wave: Sequence[Unit], signed_at: int) -> list[Sequence[Answer]]:
    if len(wave) == 1:
        return [await _send(gateway, wave[0], signed_at)]
    return list(await asyncio.gather(*(_send(gateway, unit, signed_at) for unit in wave)))


async def _send(gateway: Gateway, unit: Unit, signed_at: int) -> Sequence[Answer]:
    """Return an answer for each order of the unit; a pair has one fate."""
    tickets = [ticket_of(order) for order in unit]
    left = DEADLINE_SECONDS - (to_ms(now()) - signed_at) / 1000
    if left <= 0:
        # this process was stopped since its claim, or waited long for its permit
        return [NeverSent("PERMIT_EXPIRED")] * len(unit)
    try:
        async with asyncio.timeout(left):
            if len(tickets) == 2:
                stop, target = tickets
                reports = await gateway.create_oco(stop, target, permit_at_ms=signed_at)
                return _in_order(tickets, reports)
            return [await gateway.create_order(tickets[0], permit_at_ms=signed_at)]
    except VenueError as error:
        return [error] * len(unit)
    except Exception as error:  # an order's border: whatever failed, its outcome is unknown
        log.exception("send.unclear", order=tickets[0].client_order_id)
        return [OutcomeUnknown(message=f"{type(error).__name__}: {error}"[:300])] * len(unit)


def _in_order(tickets: Sequence[OrderTicket], reports: Sequence[OrderReport]) -> list[Answer]:
    """Return each ticket's report; a leg that the answer leaves out is unknown."""
    by_name = {report.client_order_id: report for report in reports}
    missing = OutcomeUnknown("ANSWER_NOT_WHOLE", message="a leg of the pair is not in the answer")
    return [by_name.get(ticket.client_order_id, missing) for ticket in tickets]
