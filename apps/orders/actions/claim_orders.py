"""Claim recorded orders for sending: the one step from `created` to `submitted`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from apps.core.statements import alone, run

# The account's counter gives the claim its fence; both rows of a pair are claimed, or none.
_CLAIM: Final = """
WITH given AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(pairs)s::uuid[]) g(id, pair)
), due AS (
    SELECT o.id, g.pair FROM orders_order o JOIN given g ON g.id = o.id
    WHERE o.account_id = %(account)s AND o.status = 'created' AND o.cancel_requested_at IS NULL
        AND o.send_by >= %(market_now)s
    ORDER BY o.id FOR NO KEY UPDATE OF o
), whole AS (
    SELECT d.id FROM due d WHERE d.pair IS NULL
        OR (SELECT count(*) FROM due e WHERE e.pair = d.pair)
         = (SELECT count(*) FROM given g WHERE g.pair = d.pair)
), next AS (
    INSERT INTO orders_sendfence (account_id, fence) VALUES (%(account)s, 1)
    ON CONFLICT (account_id) DO UPDATE SET fence = orders_sendfence.fence + 1
    RETURNING fence
), claimed AS (
    UPDATE orders_order o SET status = 'submitted', fence = next.fence::int, submitted_at = %(at)s
    FROM whole, next WHERE o.id = whole.id
    RETURNING o.id, o.fence
)
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT id, %(at)s, 'created', 'submitted', 'claimed', jsonb_build_object('fence', fence)
FROM claimed ORDER BY id
RETURNING order_id, (detail ->> 'fence')::int
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Orders that are ours to send, under the fence that their claim took at `at` (real time)."""

    order_ids: frozenset[UUID]
    fence: int
    at: datetime


def claim_orders(
    *, account_id: UUID, orders: Mapping[UUID, UUID | None], market_now: datetime, at: datetime
) -> Claim:
    """Claim those of `orders` (id → its pair's group, or None) that are still wanted; commit.

    Whoever claims must send: no byte leaves before this has committed. `at` is a real time before
    the permit was asked for.
    """
    with alone():
        rows = run(
            _CLAIM,
            {
                "account": account_id,
                "ids": list(orders),
                "pairs": list(orders.values()),
                "market_now": market_now,
                "at": at,
            },
        )
    fence = max((row[1] for row in rows), default=0)
    return Claim(frozenset(row[0] for row in rows), fence, at)
