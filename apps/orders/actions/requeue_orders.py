"""Queue orders anew that provably never took effect."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.orders.actions.create_orders import create_orders
from apps.orders.domain.drafts import OrderDraft
from apps.risk.actions.record_verdicts import record_verdicts
from apps.risk.domain.forms import Judgement, ProposedOrder
from apps.risk.domain.verdicts import VerdictItem

# Still wanted: in time, not cancelled, and no order replaces it. A later decision of the same kind
# takes its place; orders decided together, or by hand, stand beside each other. A leg of a pair that
# the venue ties never goes out alone, where it would lock the balance twice: the pair is renewed.
_WANTED: Final = """
SELECT o.client_order_id, o.account_id, o.bot_id, o.config_id, o.instrument_id, o.purpose, o.side,
    o.type, o.amount, o.decided_at, o.send_by, o.price, o.stop_price, o.time_in_force, o.post_only,
    o.reduce_only, o.arrival_price, o.cycle_at, o.replaces_id, o.halt_id, o.is_amendment,
    o.replaced_filled, o.group_id, o.origin, o.requested_by, o.reason, o.trailing_rate,
    o.worst_price, o.expires_at, o.tend_at, o.position_side,
    v.reservation_price, v.reserved_cost
FROM orders_order o JOIN risk_verdict v ON v.id = o.verdict_id
WHERE o.id = ANY(%s) AND o.status IN ('withdrawn', 'rejected') AND o.filled = 0
    AND o.send_by >= %s AND o.cancel_requested_at IS NULL
    AND (o.origin = 'manual' OR NOT EXISTS (
        SELECT FROM orders_order n WHERE n.bot_id = o.bot_id AND n.instrument_id = o.instrument_id
        AND n.purpose = o.purpose AND n.side = o.side AND n.decided_at > o.decided_at))
    AND NOT EXISTS (SELECT FROM orders_ordergroup g
        WHERE g.id = o.group_id AND g.is_native AND o.purpose = 'protect')
    AND NOT EXISTS (
        SELECT FROM orders_order r WHERE r.replaces_id = o.id
        AND r.status NOT IN ('withdrawn', 'rejected'))
ORDER BY o.decided_at, o.id
"""


def requeue_orders(*, order_ids: Sequence[UUID]) -> list[UUID]:
    """Record a fresh order for each of `order_ids` that is still wanted; return the new ids.

    Runs in the transaction that ended the old ones: their reservation passes on without a gap, so
    the same verdict is recorded again. The new id hashes the old one: once, however often called.
    """
    if not order_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, [list(order_ids), market_now()])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    verdicts = record_verdicts(items=[_verdict(row) for row in rows])
    drafts = [_draft(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]
    return create_orders(drafts=drafts)


def _verdict(row: dict[str, Any]) -> VerdictItem:
    proposed = ProposedOrder(
        account_id=row["account_id"],
        bot_id=row["bot_id"],
        instrument_id=row["instrument_id"],
        purpose=row["purpose"],
        side=row["side"],
        type=row["type"],
        amount=row["amount"],
        price=row["price"],
        stop_price=row["stop_price"],
        time_in_force=row["time_in_force"],
        reduce_only=row["reduce_only"],
        post_only=row["post_only"],
        trailing_rate=row["trailing_rate"],
        worst_price=row["worst_price"],
        expires_at=row["expires_at"],
    )
    reserved: Decimal = row["reserved_cost"]
    judgement = Judgement((), row["reservation_price"], reserved)
    return VerdictItem(proposed, judgement, at=now(), cycle_at=row["cycle_at"])


def _draft(row: dict[str, Any], verdict_id: UUID) -> OrderDraft:
    terms = {key: row[key] for key in row.keys() & OrderDraft.__dataclass_fields__.keys()}
    origin = f"again:{row['client_order_id']}"
    return OrderDraft(**terms, verdict_id=verdict_id, scheduled=origin, leg="again", attempt=1)
