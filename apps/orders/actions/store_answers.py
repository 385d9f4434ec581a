"""Write down what the venue answered to a wave: moves, events, facts and the wire, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.core.statements import rows_as_json, run
from apps.orders.actions.move_orders import Move
from apps.orders.actions.name_triggered import name_triggered
from apps.orders.actions.requeue_orders import requeue_orders
from apps.orders.actions.send_wave import Answer, WaveResult
from apps.orders.actions.start_sending import Start
from apps.orders.actions.store_calls import INSERT_CALLS, call_rows
from apps.orders.actions.store_facts import INSERT_FACTS, fact_rows
from apps.orders.domain.answers import is_retryable
from apps.orders.domain.lifecycle import FINAL
from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.errors import NeverSent, RateLimited, Rejected

# The send lock may end with the last wave, sparing a round trip: whoever takes it before the commit
# is done may ask the venue once too often, under a fence of his own.
# A state is written under the fence of its claim only. Facts and calls are written whatever
# became of the order meanwhile: a stale fence drops nothing that the venue said.
_STORE: Final = f"""
WITH answered AS (
    SELECT * FROM json_to_recordset(%(moves)s::json)
        m(id uuid, after text, reason text, cause text, detail jsonb, venue_order_id text)
), wanted AS (
    SELECT o.id, m.after, m.reason, m.cause, m.detail, m.venue_order_id
    FROM answered m JOIN orders_order o ON o.id = m.id
    WHERE o.status = 'submitted' AND o.fence = coalesce(%(fence)s::int, o.fence)
    ORDER BY o.id FOR NO KEY UPDATE OF o
), moved AS (
    UPDATE orders_order o SET
        status = w.after, status_reason = w.reason, fence = coalesce(%(fence)s::int, o.fence),
        venue_order_id = CASE WHEN w.venue_order_id = '' THEN o.venue_order_id ELSE w.venue_order_id END,
        acknowledged_at = CASE WHEN w.venue_order_id = '' THEN o.acknowledged_at
            ELSE coalesce(o.acknowledged_at, %(at)s) END,
        ended_at = CASE WHEN w.after = ANY(%(final)s) THEN %(at)s ELSE o.ended_at END
    FROM wanted w WHERE o.id = w.id
    RETURNING o.id, w.after, w.cause, w.detail
), events AS (
    INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
    SELECT id, %(at)s, 'submitted', after, cause, detail FROM moved ORDER BY id
), facts AS ({INSERT_FACTS}), calls AS ({INSERT_CALLS})
SELECT moved.id, released
FROM (SELECT CASE WHEN %(send_lock)s::text <> ''
    THEN pg_advisory_unlock(hashtextextended(%(send_lock)s, 0)) END AS released) l
LEFT JOIN moved ON true
"""  # noqa: S608 - statements of this app


def store_answers(
    *, account_id: UUID, result: WaveResult, start: Start | None = None
) -> Mapping[UUID, Move]:
    """Store reports as facts and move the orders to `open`, `rejected`, `withdrawn` or `unknown`.

    An order that provably never took effect is queued anew in the same transaction, so that its
    reservation has no gap. With `start`, whose last wave this is, the send lock is given back.
    Returns the moves by order.
    """
    moves = {order_id: _move(order_id, answer) for order_id, answer in result.answers.items()}
    for order_id in result.halted:
        moves[order_id] = Move(order_id, "withdrawn", "permit", reason="TRADING_HALTED")
    values = _values(account_id, result, list(moves.values()))
    reports = [a for a in result.answers.values() if isinstance(a, OrderReport)]
    name_triggered(account_id=account_id, reports=reports)
    if not any(is_retryable(move.reason) for move in moves.values()):
        run(_STORE, values | {"send_lock": start.send_lock if start else ""})
        if start:
            start.send_lock = ""
        return moves
    with transaction.atomic():
        moved = [row[0] for row in run(_STORE, values) if row[0]]
        requeue_orders(order_ids=[i for i in moved if is_retryable(moves[i].reason)])
    return moves


def _values(account_id: UUID, result: WaveResult, moves: Sequence[Move]) -> dict[str, Any]:
    fence = {} if result.fence is None else {"fence": result.fence}
    reports = [a for a in result.answers.values() if isinstance(a, OrderReport)]
    return {
        "account": account_id,
        "source": "answer",
        "at": now(),
        "fence": result.fence,
        "final": list(FINAL),
        "send_lock": "",
        "moves": rows_as_json(_row(move, fence) for move in moves),
        "facts": rows_as_json(fact_rows(orders=reports)),
        "calls": rows_as_json(call_rows(calls=result.calls, names=result.names)),
    }


def _row(move: Move, fence: dict[str, int]) -> dict[str, Any]:
    return {
        "id": move.order_id,
        "after": move.after,
        "reason": move.reason[:200],
        "cause": move.cause,
        "detail": move.detail | fence,
        "venue_order_id": move.venue_order_id,
    }


def _move(order_id: UUID, answer: Answer) -> Move:
    if isinstance(answer, OrderReport):
        return Move(order_id, "open", "answer", venue_order_id=answer.venue_order_id)
    detail = {key: str(value) for key, value in answer.context.items()}
    if isinstance(answer, Rejected):
        return Move(order_id, "rejected", "answer", reason=answer.venue_code, detail=detail)
    if isinstance(answer, NeverSent | RateLimited):
        return Move(order_id, "withdrawn", "answer", reason=answer.code, detail=detail)
    return Move(order_id, "unknown", "answer", reason=answer.code, detail=detail)
