"""Reads of orders: what is unfinished, what waits to be sent, resolved or absorbed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.domain.progress import Progress
from apps.orders.domain.rows import FactRow, KnownOrder

Pair = tuple[UUID, int]

_UNFINISHED: Final = """
SELECT o.id, o.client_order_id, o.bot_id, o.instrument_id, o.purpose, o.side, o.type, o.status,
    o.amount, o.filled, o.price, o.stop_price, o.replaces_id, o.send_by, v.reservation_price
FROM orders_order o JOIN risk_verdict v ON v.id = o.verdict_id
WHERE o.status = ANY(%s) AND {scope} ORDER BY o.decided_at, o.id
"""
_KNOWN: Final = """
SELECT o.id, o.client_order_id, o.bot_id, o.instrument_id, o.purpose, o.side, i.symbol, i.base,
    i.quote, i.amount_step, b.stage, o.status, o.amount, o.filled, o.cost, o.venue_status,
    o.venue_filled, o.venue_order_id
FROM orders_order o
JOIN marketdata_instrument i ON i.id = o.instrument_id
JOIN bots_bot b ON b.id = o.bot_id
WHERE o.account_id = %s AND (o.client_order_id = ANY(%s) OR o.venue_order_id = ANY(%s))
ORDER BY o.id FOR UPDATE OF o
"""
_HELD: Final = """
SELECT f.bot_id, f.instrument_id, sum(CASE f.side WHEN 'buy' THEN f.amount ELSE -f.amount END
    - CASE WHEN f.fee_asset = i.base THEN f.fee ELSE 0 END)
FROM orders_fill f
JOIN unnest(%s::uuid[], %s::int[]) k(bot_id, instrument_id) USING (bot_id, instrument_id)
JOIN marketdata_instrument i ON i.id = f.instrument_id
GROUP BY f.bot_id, f.instrument_id
"""


@dataclass(frozen=True, slots=True)
class UnfinishedOrder:
    """An order that may still have or get an effect; amounts in base, prices in quote per base."""

    id: UUID
    client_order_id: str
    bot_id: UUID
    instrument_id: int
    purpose: str
    side: str
    type: str
    status: str
    amount: Decimal
    filled: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    replaces_id: UUID | None
    send_by: datetime
    reservation_price: Decimal | None

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet, base units."""
        return max(self.amount - self.filled, Decimal(0))


def unfinished_orders(
    *, account_id: UUID | None = None, bot_ids: Sequence[UUID] | None = None
) -> list[UnfinishedOrder]:
    """Return unfinished orders of an account, of some bots, or of the desk, oldest first."""
    if bot_ids is not None:
        scope, arguments = "o.bot_id = ANY(%s)", [list(bot_ids)]
    elif account_id is not None:
        scope, arguments = "o.account_id = %s", [account_id]
    else:
        scope, arguments = "true", []
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED.format(scope=scope), [list(UNFINISHED), *arguments])
        return [UnfinishedOrder(*row) for row in cursor.fetchall()]


def waiting_facts(*, account_id: UUID, after: int, limit: int) -> list[FactRow]:
    """Return up to `limit` facts that wait to be absorbed, with ids above `after`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, client_order_id, venue_order_id, content::text FROM orders_venuefact"
            " WHERE account_id = %s AND absorbed_at IS NULL AND id > %s ORDER BY id LIMIT %s",
            [account_id, after, limit],
        )
        return [FactRow(*row[:4], content=json.loads(row[4])) for row in cursor.fetchall()]


def lock_known_orders(
    *, account_id: UUID, client_order_ids: Sequence[str], venue_order_ids: Sequence[str]
) -> list[KnownOrder]:
    """Lock and return the account's orders with one of these ids, in the order of their row ids."""
    names = [name for name in client_order_ids if name]
    numbers = [number for number in venue_order_ids if number]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [account_id, names, numbers])
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
    status, amount, filled, cost, venue_status, venue_filled, venue_order_id = row[11:]
    return KnownOrder(
        *row[:11],
        progress=Progress(status, amount, filled, cost, venue_status, venue_filled, venue_order_id),
    )
