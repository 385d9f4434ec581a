"""Write down what the venue answered to a wave."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.orders.actions.move_orders import Move, move_orders
from apps.orders.actions.requeue_orders import requeue_orders
from apps.orders.actions.send_wave import Answer, WaveResult
from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.answers import is_retryable
from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.errors import NeverSent, RateLimited, Rejected


def store_answers(*, account_id: UUID, result: WaveResult) -> Mapping[UUID, Move]:
    """Store reports as facts and move the orders to `open`, `rejected`, `withdrawn` or `unknown`.

    An order that provably never took effect is queued anew in the same transaction, so that its
    reservation has no gap. Returns the moves by order.
    """
    at = now()
    moves = {order_id: _move(order_id, answer) for order_id, answer in result.answers.items()}
    for order_id in result.halted:
        moves[order_id] = Move(order_id, "withdrawn", "permit", reason="TRADING_HALTED")
    reports = [a for a in result.answers.values() if isinstance(a, OrderReport)]
    with transaction.atomic():
        moved = move_orders(moves=list(moves.values()), before=("submitted",), at=at)
        store_facts(account_id=account_id, source="answer", orders=reports)
        retryable = [i for i in moved if is_retryable(moves[i].reason)]
        requeue_orders(order_ids=retryable)
    return moves


def _move(order_id: UUID, answer: Answer) -> Move:
    if isinstance(answer, OrderReport):
        return Move(order_id, "open", "answer", venue_order_id=answer.venue_order_id)
    detail = {key: str(value) for key, value in answer.context.items()}
    if isinstance(answer, Rejected):
        return Move(order_id, "rejected", "answer", reason=answer.venue_code, detail=detail)
    if isinstance(answer, NeverSent | RateLimited):
        return Move(order_id, "withdrawn", "answer", reason=answer.code, detail=detail)
    return Move(order_id, "unknown", "answer", reason=answer.code, detail=detail)
