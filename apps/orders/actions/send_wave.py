"""Send one wave of claimed orders under the account's send permit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final
from uuid import UUID

import structlog

from apps.core.clock import now, to_ms
from apps.orders.actions.claim_orders import Claim
from apps.orders.domain.rows import Sendable
from apps.orders.domain.units import Unit, units
from apps.risk.actions.permit import Permit, PermitUnavailable, send_permit
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.domain.wire_record import WireRecord
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown, VenueError
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call, submit
from apps.venues.gateways.wire import collect

log = structlog.get_logger(__name__)
DEADLINE_SECONDS: Final = 4.0
# answers to a large wave are stored in parts while the rest is under way
PART: Final = 25
PARTED_FROM: Final = 50

Answer = OrderReport | VenueError
KeepAnswers = Callable[[dict[UUID, Answer]], None]


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


Keep = Callable[[WaveResult], None]


def send_wave(
    *, account_id: UUID, gateway: Gateway, orders: Sequence[Sendable], claim: Claim,
    keep: Keep | None = None,
) -> WaveResult:  # fmt: skip
    """Send claimed orders all at once and return what is known of each within 4 s.

    The first answers of a large wave go to `keep` while the others are under way; what is
    returned is the rest.

    Requests are signed with the claim's time, and none leaves later than 4 s after it: a process
    that was stopped and woke up sends nothing, and what it had sent is refused. The permit's transaction only locks and reads. Nothing raised by a venue escapes: what is not
    an answer is `OutcomeUnknown`, which proves nothing.
    """
    result = WaveResult(
        fence=claim.fence, names={order.client_order_id: order.id for order in orders}
    )
    try:
        with send_permit(account_id=account_id) as permit:
            allowed = _allowed(permit, orders, result)
            if allowed:
                with collect() as result.calls:
                    sent = units(allowed)
                    answers = _answers(gateway, sent, to_ms(claim.at), _kept(result, keep))
                    result.answers |= answers
    except PermitUnavailable as error:
        held_back = NeverSent("PERMIT_UNAVAILABLE", message=str(error))
        result.answers = {order.id: held_back for order in orders}
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


def _kept(result: WaveResult, keep: Keep | None) -> KeepAnswers | None:
    """Return what hands a part of the wave's answers, and of its calls, to `keep`."""
    if keep is None:
        return None

    def hand_over(answers: dict[UUID, Answer]) -> None:
        count = len(result.calls)
        calls = result.calls[:count]
        # the loop's thread goes on appending behind them
        del result.calls[:count]
        keep(WaveResult(answers, fence=result.fence, calls=calls, names=result.names))

    return hand_over


def _answers(
    gateway: Gateway, wave: Sequence[Unit], signed_at: int, keep: KeepAnswers | None = None
) -> dict[UUID, Answer]:
    """Return the answers to a wave, those excepted that `keep` took meanwhile."""
    if keep is not None and len(wave) >= PARTED_FROM:
        return _in_parts(gateway, wave, signed_at, keep)
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


def _in_parts(
    gateway: Gateway, wave: Sequence[Unit], signed_at: int, keep: KeepAnswers
) -> dict[UUID, Answer]:
    """Hand answers to `keep` while others are under way; return the last of them.

    What `keep` raises comes out when the wave is over: the permit must last until then.
    """
    parts: SimpleQueue[dict[UUID, Answer]] = SimpleQueue()
    missing = {order.id for unit in wave for order in unit}
    till = time.monotonic() + DEADLINE_SECONDS + 0.5
    sending = submit(_hand_out(gateway, wave, signed_at, parts))
    failed: Exception | None = None
    while True:
        try:
            part = parts.get(timeout=max(0.0, till - time.monotonic()))
        except Empty:
            sending.cancel()
            log.warning("send.deadline", units=len(wave))
            part = {order_id: OutcomeUnknown(message="deadline") for order_id in missing}
        missing -= part.keys()
        if not missing:
            break
        try:
            if failed is None:
                keep(part)
        except Exception as error:  # noqa: BLE001 - raised below
            failed = error
    if failed is not None:
        raise failed
    return part


async def _hand_out(
    gateway: Gateway, wave: Sequence[Unit], signed_at: int, parts: SimpleQueue[dict[UUID, Answer]]
) -> None:
    """Send all units at once and give their answers to `parts` as they come, `PART` at a time."""
    known: dict[UUID, Answer] = {}
    left = len(wave)

    async def one(unit: Unit) -> None:
        nonlocal known, left
        answers = await _send(gateway, unit, signed_at)
        known |= {order.id: answer for order, answer in zip(unit, answers, strict=True)}
        left -= 1
        # what comes last is stored after the permit: neither many nor very few
        if not left or (len(known) >= PART and left >= PART // 2):
            parts.put(known)
            known = {}

    await asyncio.gather(*(one(unit) for unit in wave))


async def _send(gateway: Gateway, unit: Unit, signed_at: int) -> Sequence[Answer]:
    """Return an answer for each order of the unit; a pair has one fate."""
    tickets = [ticket_of(order) for order in unit]
    if to_ms(now()) - signed_at > DEADLINE_SECONDS * 1000:
        # this process was stopped since its claim, or waited long for its permit
        return [NeverSent("PERMIT_EXPIRED")] * len(unit)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
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
