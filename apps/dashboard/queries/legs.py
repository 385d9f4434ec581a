"""The orders that protect a holding: stop, target, trailing stop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.dashboard.domain import formats
from apps.dashboard.domain.terms import role_of

# Of position `p`; as JSON text, so that numbers stay exact.
LEGS_SQL: Final = """
    SELECT jsonb_agg(jsonb_build_object('id', x.client_order_id, 'type', x.type, 'status', x.status,
        'stop', x.stop_price::text, 'price', x.price::text, 'rate', x.trailing_rate::text,
        'amount', x.amount::text, 'venue_id', x.venue_order_id, 'kind', x.kind)
        ORDER BY x.decided_at, x.id)::text AS legs
    FROM (SELECT o.*, coalesce(g.kind, '') AS kind FROM orders_order o
        LEFT JOIN orders_ordergroup g ON g.id = o.group_id
        WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id AND o.purpose = 'protect'
          AND o.status IN ('created', 'submitted', 'unknown', 'open', 'partially_filled',
                           'pending_cancel')
        ORDER BY o.decided_at DESC LIMIT 12) x
"""
STANDING: Final = frozenset({"open", "partially_filled", "pending_cancel"})


@dataclass(frozen=True, slots=True)
class ProtectiveLeg:
    """One exit at the venue, or on its way there; amounts in base units, prices in quote per base."""

    client_order_id: str
    type: str
    status: str
    stop_price: Decimal | None
    price: Decimal | None
    trailing_rate: Decimal | None
    amount: Decimal
    venue_order_id: str
    group_kind: str

    @property
    def role(self) -> str:
        """Stop, target or trailing stop."""
        return role_of(purpose="protect", type=self.type)

    @property
    def is_stop(self) -> bool:
        """It limits the loss."""
        return self.role != "target"

    @property
    def stands(self) -> bool:
        """The venue has it."""
        return self.status in STANDING

    @property
    def level(self) -> Decimal | None:
        """The price it waits for; of a trailing stop the price that starts it."""
        return self.price if self.role == "target" and self.stop_price is None else self.stop_price

    def words(self, tick: Decimal) -> str:
        """`stop 95.00`, `trailing stop 1.00 % from 120.00`."""
        if self.trailing_rate is None:
            return f"{self.role} {formats.price(self.level, tick)}"
        start = f" from {formats.price(self.stop_price, tick)}" if self.stop_price else ""
        return f"{self.role} {formats.percent(self.trailing_rate, 2)}{start}"


def legs_of(text: str | None) -> list[ProtectiveLeg]:
    """Return the legs in the JSON text of `LEGS_SQL`, oldest first."""
    return [
        ProtectiveLeg(
            row["id"], row["type"], row["status"], _number(row["stop"]), _number(row["price"]),
            _number(row["rate"]), Decimal(row["amount"]), row["venue_id"], row["kind"],
        )
        for row in json.loads(text or "[]")
    ]  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
