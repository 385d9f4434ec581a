"""Claim recorded orders for sending: the one step from `created` to `submitted`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.core.clock import now

_CLAIM: Final = """
WITH due AS (
    SELECT id FROM orders_order
    WHERE id = ANY(%(ids)s) AND status = 'created' AND cancel_requested_at IS NULL
        AND send_by >= %(market_now)s
    ORDER BY id FOR NO KEY UPDATE
), claimed AS (
    UPDATE orders_order o SET status = 'submitted', fence = o.fence + 1, submitted_at = %(at)s
    FROM due WHERE o.id = due.id
    RETURNING o.id, o.fence
)
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT id, %(at)s, 'created', 'submitted', 'claimed', jsonb_build_object('fence', fence)
FROM claimed ORDER BY id
RETURNING order_id
"""


def claim_orders(*, order_ids: Sequence[UUID], market_now: datetime) -> set[UUID]:
    """Claim those of `order_ids` that are still wanted, commit, and return which.

    Whoever claims must send: no byte leaves before this has committed.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"ids": list(order_ids), "market_now": market_now, "at": now()})
        return {row[0] for row in cursor.fetchall()}
