"""Orders that belong to an order: those it replaces or that replace it, and the legs of its group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from apps.dashboard.domain.terms import role_of, trigger_words
from apps.orders.models import Order

# A chain of replacements is shown this far each way, a group's legs this many.
_SQL: Final = """
WITH RECURSIVE up AS (
    SELECT id, replaces_id, 0 AS depth FROM orders_order WHERE id = %(order)s
    UNION ALL
    SELECT o.id, o.replaces_id, u.depth - 1 FROM up u JOIN orders_order o ON o.id = u.replaces_id
    WHERE u.depth > -20
), down AS (
    SELECT id, 0 AS depth FROM orders_order WHERE id = %(order)s
    UNION ALL
    SELECT o.id, d.depth + 1 FROM down d JOIN orders_order o ON o.replaces_id = d.id
    WHERE d.depth < 20
), chain AS (
    SELECT id, depth FROM up WHERE depth < 0 UNION SELECT id, depth FROM down WHERE depth > 0
), legs AS (
    SELECT id FROM orders_order WHERE group_id = %(group)s AND id <> %(order)s
    ORDER BY id DESC LIMIT 40
)
SELECT o.client_order_id, o.purpose, o.side, o.type, o.status, o.amount, o.filled, o.price,
    o.stop_price, o.trailing_rate, o.is_amendment, o.origin, o.decided_at, c.depth,
    l.id IS NOT NULL
FROM orders_order o LEFT JOIN chain c ON c.id = o.id LEFT JOIN legs l ON l.id = o.id
WHERE o.id IN (SELECT id FROM chain UNION SELECT id FROM legs)
ORDER BY c.depth, o.decided_at, o.id
"""


@dataclass(frozen=True, slots=True)
class Relative:
    """Another order beside the one shown; `depth` < 0 came before it, > 0 after it, None neither."""

    client_order_id: str
    purpose: str
    side: str
    type: str
    status: str
    amount: Decimal
    filled: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    trailing_rate: Decimal | None
    is_amendment: bool
    origin: str
    decided_at: datetime
    depth: int | None
    is_leg: bool

    @property
    def role(self) -> str:
        """Stop, target, trailing stop, entry …"""
        return role_of(purpose=self.purpose, type=self.type)

    @property
    def link(self) -> str:
        """How it stands to the order shown."""
        if self.depth is None:
            return ""
        verb = "Amends" if self.is_amendment else "Replaces"
        if self.depth < 0:
            return "Before it"
        return f"{verb} it" if self.depth == 1 else f"{verb} the one before"

    def trigger(self, tick: Decimal) -> str:
        """What sets it off, in words."""
        values = {"stop_price": self.stop_price, "trailing_rate": self.trailing_rate}
        return trigger_words(values | {"type": self.type}, tick)


def relatives_of(order: Order) -> tuple[list[Relative], list[Relative]]:
    """Return the chain of replacements, oldest first, and the other legs of its group (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"order": order.pk, "group": order.group_id})
        found = [Relative(*row) for row in cursor]
    chain = [row for row in found if row.depth is not None]
    return chain, [row for row in found if row.is_leg]
