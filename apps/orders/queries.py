"""Reads of orders: what is unfinished, what waits to be sent, resolved or absorbed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.domain.progress import Progress
from apps.orders.domain.rows import Asked, FactRow, KnownOrder, Sendable, UnfinishedOrder

Pair = tuple[UUID, int]

_UNFINISHED: Final = """
SELECT id, client_order_id, bot_id, instrument_id, purpose, side, status, amount, filled
FROM orders_order WHERE account_id = %s AND status = ANY(%s) ORDER BY decided_at, id
"""
_KNOWN: Final = """
SELECT o.id, o.client_order_id, o.bot_id, o.instrument_id, o.purpose, o.side, i.symbol, i.base,
    i.quote, i.amount_step, b.stage, o.status, o.amount, o.filled, o.cost, o.venue_status,
    o.venue_filled, o.venue_order_id,
    ARRAY(SELECT v.venue_order_id FROM orders_venueorderid v WHERE v.order_id = o.id)
FROM orders_order o
JOIN marketdata_instrument i ON i.id = o.instrument_id
JOIN bots_bot b ON b.id = o.bot_id
WHERE o.account_id = %(account)s AND (o.client_order_id = ANY(%(names)s)
    OR o.venue_order_id = ANY(%(numbers)s)
    OR o.id IN (SELECT v.order_id FROM orders_venueorderid v
                WHERE v.account_id = %(account)s AND v.venue_order_id = ANY(%(numbers)s)))
ORDER BY o.id FOR NO KEY UPDATE OF o
"""
_HELD: Final = """
SELECT f.bot_id, f.instrument_id, sum(CASE f.side WHEN 'buy' THEN f.amount ELSE -f.amount END
    - CASE WHEN f.fee_asset = i.base THEN f.fee ELSE 0 END)
FROM orders_fill f
JOIN unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id) USING (bot_id, instrument_id)
JOIN marketdata_instrument i ON i.id = f.instrument_id
GROUP BY f.bot_id, f.instrument_id
"""
# An order that replaces one which never left replaces what that one should have: it still rests.
# An exit that replaces one leg of a group waits for the others, too: a stop that expired because its
# target trades says nothing yet of how much that took.
TO_SEND: Final = """
SELECT o.id, o.client_order_id, o.bot_id, o.instrument_id, i.symbol, o.purpose, o.side, o.type,
    o.time_in_force, o.post_only, o.reduce_only, o.amount, o.price, o.stop_price, o.send_by,
    o.halt_id, coalesce(leg.id, r.id), coalesce(leg.status, r.status, ''), b.state,
    o.cancel_requested_at IS NOT NULL,
    o.is_amendment, o.group_id, coalesce(g.is_native, false), o.trailing_rate, o.worst_price,
    o.expires_at, o.position_side, o.replaced_filled, coalesce(r.filled, 0),
    coalesce(r.client_order_id, ''), coalesce(r.venue_order_id, '')
FROM orders_order o
JOIN marketdata_instrument i ON i.id = o.instrument_id
JOIN bots_bot b ON b.id = o.bot_id
LEFT JOIN LATERAL (
    WITH RECURSIVE chain AS (
        SELECT x.id, x.status, x.filled, x.client_order_id, x.venue_order_id, x.replaces_id,
            x.group_id, x.ended_at, 1 AS length
        FROM orders_order x WHERE x.id = o.replaces_id
        UNION ALL
        SELECT x.id, x.status, x.filled, x.client_order_id, x.venue_order_id, x.replaces_id,
            x.group_id, x.ended_at, c.length + 1
        FROM chain c JOIN orders_order x ON x.id = c.replaces_id
        WHERE c.status = 'withdrawn' AND c.length < 50)
    SELECT * FROM chain ORDER BY length DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (
    SELECT x.id, x.status FROM orders_order x
    WHERE x.group_id = r.group_id AND x.purpose = 'protect' AND x.id <> r.id
      AND r.ended_at IS NOT NULL AND o.purpose IN ('reduce', 'flatten')
      AND x.ended_at IS NULL
    ORDER BY x.id LIMIT 1) leg ON true
LEFT JOIN orders_ordergroup g ON g.id = o.group_id
WHERE o.account_id = %(account)s AND o.status = 'created' ORDER BY o.decided_at, o.id
"""
_AGAIN: Final = """least(interval '60 seconds', greatest(interval '2 seconds',
    (%(at)s - coalesce(o.cancel_requested_at, %(at)s)) / 5))"""
_ASKED: Final = """
SELECT o.id, o.client_order_id, i.symbol, o.side, o.status, o.venue_order_id, o.filled, o.submitted_at,
    o.decided_at, o.send_by
FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %(account)s AND {wanted} ORDER BY o.decided_at, o.id LIMIT %(limit)s
"""


def unfinished_orders(*, account_id: UUID) -> list[UnfinishedOrder]:
    """Return the account's orders that may still have or get an effect, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED, [account_id, list(UNFINISHED)])
        return [UnfinishedOrder(*row) for row in cursor.fetchall()]


def orders_to_send(*, account_id: UUID) -> list[Sendable]:
    """Return the account's `created` orders in the order of their decisions."""
    with connection.cursor() as cursor:
        cursor.execute(TO_SEND, {"account": account_id})
        return [Sendable(*row) for row in cursor.fetchall()]


def cancels_to_send(
    *, account_id: UUID, at: datetime, order_ids: Sequence[UUID] | None = None
) -> list[Asked]:
    """Return flagged orders that rest at the venue and are due to be asked for at `at`.

    A cancel that did not work is due again after a fifth of the time that it has been wanted, at
    least 2 s and at most 60 s. With `order_ids` only those, however lately they were asked for.
    """
    which = (
        f"coalesce(o.asked_at < %(at)s - {_AGAIN}, true)"
        if order_ids is None
        else "o.id = ANY(%(ids)s)"
    )
    wanted = (
        "o.status IN ('open', 'partially_filled', 'pending_cancel')"
        f" AND o.cancel_requested_at IS NOT NULL AND {which}"
    )
    return _asked(account_id, wanted, at=at, ids=list(order_ids or ()))


def orders_to_resolve(*, account_id: UUID, orphans: Sequence[UUID], at: datetime) -> list[Asked]:
    """Return orders whose state only the venue can tell, oldest first; `at` is real time.

    Unknown and orphaned ones, those of which fills are missing, cancels without an end, and
    resting orders that nobody has asked about for five minutes.
    """
    wanted = """(
        o.id = ANY(%(ids)s)
        OR (o.status = 'submitted' AND o.submitted_at < %(at)s - interval '10 seconds')
        OR (o.status = 'unknown' AND coalesce(o.asked_at < %(at)s - interval '1 second', true))
        OR (o.status IN ('submitted', 'unknown', 'open', 'partially_filled', 'pending_cancel')
            AND o.venue_filled > o.filled
            AND coalesce(o.asked_at < %(at)s - interval '1 second', true))
        OR (o.status = 'pending_cancel' AND coalesce(o.asked_at < %(at)s
            - greatest(interval '5 seconds', 1.5 * {again}), true))
        OR (o.status IN ('open', 'partially_filled')
            AND greatest(o.asked_at, o.acknowledged_at) < %(at)s - interval '5 minutes')
    )""".replace("{again}", _AGAIN)
    return _asked(account_id, wanted, ids=list(orphans), at=at)


def submitted_ids(*, account_id: UUID) -> list[UUID]:
    """Return orders between claim and answer; orphans when the caller holds the send lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM orders_order WHERE account_id = %s AND status = 'submitted'",
            [account_id],
        )
        return [row[0] for row in cursor.fetchall()]


def doubts() -> tuple[int, datetime | None]:
    """Return how many orders are in doubt, and when the oldest of them was sent (real time)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(submitted_at) FROM orders_order WHERE status = 'unknown'"
        )
        count, since = cursor.fetchone()
        return count, since


def known_venue_ids(*, account_id: UUID, venue_order_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `venue_order_ids` that belong to orders of ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT venue_order_id FROM orders_order"
            " WHERE account_id = %(account)s AND venue_order_id = ANY(%(numbers)s)"
            " UNION SELECT venue_order_id FROM orders_venueorderid"
            " WHERE account_id = %(account)s AND venue_order_id = ANY(%(numbers)s)",
            {"account": account_id, "numbers": list(venue_order_ids)},
        )
        return frozenset(row[0] for row in cursor.fetchall())


def _asked(account_id: UUID, wanted: str, **values: Any) -> list[Asked]:
    limit = values.pop("limit", 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            _ASKED.format(wanted=wanted), {"account": account_id, "limit": limit} | values
        )
        return [Asked(*row) for row in cursor.fetchall()]


def waiting_facts(*, account_id: UUID, after: int, limit: int) -> list[FactRow]:
    """Return up to `limit` facts that wait to be absorbed, with ids above `after`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, client_order_id, venue_order_id, content::text FROM orders_venuefact"
            " WHERE account_id = %s AND absorbed_at IS NULL AND id > %s ORDER BY id LIMIT %s",
            [account_id, after, limit],
        )
        return [
            FactRow(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in cursor.fetchall()
        ]


def has_waiting_facts(*, account_id: UUID) -> bool:
    """Return whether any fact of the account waits to be absorbed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM orders_venuefact"
            " WHERE account_id = %s AND absorbed_at IS NULL)",
            [account_id],
        )
        return bool(cursor.fetchone()[0])


def lock_known_orders(
    *, account_id: UUID, client_order_ids: Sequence[str], venue_order_ids: Sequence[str]
) -> list[KnownOrder]:
    """Lock and return the account's orders with one of these ids, in the order of their row ids."""
    names = [name for name in client_order_ids if name]
    numbers = [number for number in venue_order_ids if number]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"account": account_id, "names": names, "numbers": numbers})
        return [_known(row) for row in cursor.fetchall()]


def unnamed_symbols(*, account_id: UUID) -> frozenset[str]:
    """Return the symbols with an order in transit whose venue order id we have not heard."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.symbol FROM orders_order o"
            " JOIN marketdata_instrument i ON i.id = o.instrument_id"
            " WHERE o.account_id = %s AND o.status IN ('submitted', 'unknown')"
            " AND o.venue_order_id = ''",
            [account_id],
        )
        return frozenset(row[0] for row in cursor.fetchall())


def held_amounts(*, pairs: Sequence[Pair]) -> dict[Pair, Decimal]:
    """Return what bots hold by their recorded fills (base units); absent means nothing."""
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [[bot for bot, _ in pairs], [i for _, i in pairs]])
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _known(row: tuple[Any, ...]) -> KnownOrder:
    status, amount, filled, cost, venue_status, venue_filled, venue_order_id = row[11:18]
    values: list[Any] = [
        *row[:11],
        Progress(status, amount, filled, cost, venue_status, venue_filled, venue_order_id),
        tuple(row[18]),
    ]
    return KnownOrder(*values)
