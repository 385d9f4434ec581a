"""Send recorded orders: screen, claim, send under permit, store the answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog

from apps.core.actor import Actor
from apps.core.clock import now
from apps.core.domain.money import ZERO
from apps.orders.actions.admit_orders import admit_orders
from apps.orders.actions.claim_orders import claim_orders
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.actions.open_gateway import open_gateway
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.actions.send_wave import send_wave
from apps.orders.actions.start_sending import Start, start_sending
from apps.orders.actions.store_answers import store_answers
from apps.orders.domain.answers import is_retryable
from apps.orders.domain.rows import Sendable
from apps.orders.domain.screening import Waiting, screen
from apps.orders.domain.units import units, waves
from apps.orders.queries import held_amounts
from apps.risk.actions.permit import asked_permit
from apps.venues.gateways.gateway import Gateway

log = structlog.get_logger(__name__)
# One wave shares its commits; more would spend the deadline before the last is sent.
WAVE: Final = 100
# A venue that cannot be reached is not asked again at once.
PAUSE_SECONDS: Final = 0.5
SENDER: Final = Actor.task("orders.send")


@dataclass(slots=True)
class SendSummary:
    """What became of the account's recorded orders.

    `waiting` orders replace one whose cancel is under way: absorb, then send again. `retrying`
    ones provably had no effect and were queued anew. `throttled` ones wait for rate tokens, or for
    a venue that can be reached, `old_build` ones for a process of the declared build.
    `is_busy`: another process is sending.
    """

    sent: list[UUID] = field(default_factory=list)
    acknowledged: int = 0
    rejected: int = 0
    unknown: int = 0
    withdrawn: int = 0
    retrying: int = 0
    waiting: int = 0
    throttled: int = 0
    old_build: int = 0
    is_busy: bool = False


def send_orders(*, account_id: UUID) -> SendSummary:
    """Send the account's `created` orders in waves, ordered by decision and id, each at most once.

    One process an account at a time. What dies between claim and answer stays `submitted`, which
    `resolve_orders` settles by asking. Call it outside any transaction.
    """
    summary = SendSummary()
    with start_sending(account_id=account_id) as start:
        summary.is_busy = start.is_busy
        if start.due:
            _send_all(account_id, start, summary)
    if summary.retrying or summary.throttled:
        time.sleep(PAUSE_SECONDS)
    return summary


def _send_all(account_id: UUID, start: Start, summary: SendSummary) -> None:
    due = start.due
    if not start.is_build_current:
        due = [order for order in due if order.purpose != "entry"]
        summary.old_build = len(start.due) - len(due)
        if summary.old_build:
            log.error("send.old_build", account=str(account_id), orders=summary.old_build)
    gateway = open_gateway(account_id=account_id, key_mark=start.key_mark) if due else None
    planned = waves(due, size=WAVE)
    for found in planned:
        # once entries have used up their share of the rate budget, exits still have their own
        is_spent = summary.throttled > 0
        wave = [order for order in found if order.purpose != "entry"] if is_spent else found
        last = start if found is planned[-1] else None
        moment = start.market_now()
        if gateway is None or not _send(account_id, gateway, moment, wave, summary, last):
            break


def _send(
    account_id: UUID, gateway: Gateway, moment: datetime, orders: Sequence[Sendable],
    summary: SendSummary, last: Start | None,
) -> bool:  # fmt: skip
    """Send one wave (the `last` of its start); return whether the venue can take another now."""
    wanted = _screened(account_id, orders, moment, summary)
    if not wanted:
        return True
    admitted = admit_orders(gateway=gateway, orders=wanted)
    summary.throttled += len(wanted) - len(admitted or ())
    if not admitted:
        return admitted is not None
    pairs = {o.id: o.group_id if len(u) == 2 else None for u in units(admitted) for o in u}
    # The permit is on its way while the claim reaches the disk. The wave's time counts from before
    # both: a process that was stopped meanwhile, and so lost its lock, sends nothing.
    at = now()
    with asked_permit(account_id=account_id) as granted:
        claim = claim_orders(account_id=account_id, orders=pairs, market_now=moment, at=at)
        wave = [order for order in admitted if order.id in claim.order_ids]
        if not wave:
            return True
        result = send_wave(gateway=gateway, orders=wave, claim=claim, granted=granted)
    moves = store_answers(account_id=account_id, result=result, start=last).values()
    summary.sent += list(result.answers)
    for move in moves:
        _count(summary, move)
    log.info("orders.answered", account=str(account_id), **Counter(move.after for move in moves))
    return not summary.retrying


def _screened(
    account_id: UUID, orders: Sequence[Sendable], moment: datetime, summary: SendSummary
) -> list[Sendable]:
    """Return the orders to send now; withdraw what is no longer wanted, cancel what stands before."""
    pairs = {(o.bot_id, o.instrument_id) for o in orders if o.purpose != "entry"}
    held = held_amounts(pairs=sorted(pairs))
    wanted, withdrawn, replaced = [], [], []
    for order in orders:
        action, reason = screen(_waiting(order, held), market_now=moment)
        if action == "send" and order.rest <= 0:
            action, reason = "withdraw", "REPLACED_ORDER_FILLED"
        if action == "send":
            wanted.append(order)
        elif action == "withdraw":
            withdrawn.append(Move(order.id, "withdrawn", "screened", reason=reason))
        else:
            summary.waiting += 1
            # one that already is being cancelled has its own turns
            if action == "cancel_first" and order.replaces_id is not None:
                replaced.append(order.replaces_id)
    moved = move_orders(moves=withdrawn, before=("created",), at=now())
    summary.withdrawn += len(moved)
    if replaced:
        request_cancels(order_ids=replaced, actor=SENDER, cause="replaced")
        send_cancels(account_id=account_id, order_ids=replaced)
    return wanted


def _waiting(order: Sendable, held: dict[tuple[UUID, int], Decimal]) -> Waiting:
    return Waiting(
        purpose=order.purpose,
        amount=order.rest,
        send_by=order.send_by,
        bot_state=order.bot_state,
        held=held.get((order.bot_id, order.instrument_id), ZERO),
        cancel_requested=order.cancel_requested,
        replaced_status=order.replaced_status,
    )


def _count(summary: SendSummary, move: Move) -> None:
    if is_retryable(move.reason):
        summary.retrying += 1
    elif move.after == "open":
        summary.acknowledged += 1
    elif move.after == "rejected":
        summary.rejected += 1
    elif move.after == "unknown":
        summary.unknown += 1
    else:
        summary.withdrawn += 1
