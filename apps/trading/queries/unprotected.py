"""Positions whose declared stop is not at the venue as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from apps.risk.domain.forms import Rules

_UNFINISHED: Final = (
    "('created', 'submitted', 'unknown', 'open', 'partially_filled', 'pending_cancel')"
)
# Dust (what the venue would refuse as a stop) is exempt, so is a position that is leaving, and for
# ten seconds one whose very stop the venue refused; what is being flattened gets no new stop. A stop that another order replaces no longer counts.
# The scalar sub-selects run for the few rows that come out, not for every position.
UNPROTECTED: Final = f"""
SELECT p.account_id, p.bot_id, b.config_id, p.instrument_id, i.symbol, p.opened_at, w.amount,
    w.stop_price, p.amount AS held, p.basis, s.id AS stop_id,
    (SELECT count(*) FROM orders_order o WHERE o.bot_id = p.bot_id
        AND o.instrument_id = p.instrument_id AND o.purpose IN ('protect', 'reduce')) AS attempts,
    i.price_tick, i.amount_step, i.amount_min, i.cost_min, i.stop_orders_max, i.is_tradable, q.last,
    b.slug
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = p.instrument_id
CROSS JOIN LATERAL (
    SELECT trunc(p.amount / i.amount_step) * i.amount_step AS amount,
        trunc(p.basis / nullif(p.amount, 0) * (1 - (c.protection->>'stop_loss')::numeric)
            / i.price_tick) * i.price_tick AS stop_price) w
LEFT JOIN (
    SELECT DISTINCT ON (o.bot_id, o.instrument_id) o.bot_id, o.instrument_id, o.id,
        o.amount - o.filled AS remaining, o.stop_price
    FROM orders_order o
    WHERE o.purpose = 'protect' AND o.status IN {_UNFINISHED}
        AND (%(account)s::uuid IS NULL OR o.account_id = %(account)s::uuid)
    ORDER BY o.bot_id, o.instrument_id, o.id DESC
) s ON s.bot_id = p.bot_id AND s.instrument_id = p.instrument_id
WHERE (%(account)s::uuid IS NULL OR p.account_id = %(account)s::uuid)
    AND p.amount >= i.amount_step AND p.basis > 0
    AND w.amount >= i.amount_min AND w.stop_price > 0 AND w.amount * w.stop_price >= i.cost_min
    AND (s.id IS NULL OR s.remaining <> w.amount OR s.stop_price <> w.stop_price)
    AND NOT EXISTS (
        SELECT FROM orders_order o
        WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id
            AND o.purpose IN ('reduce', 'flatten') AND o.status IN {_UNFINISHED})
    AND NOT EXISTS (
        SELECT FROM orders_order o
        WHERE o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id AND o.purpose = 'protect'
            AND o.decided_at > now() - interval '10 minutes'
            AND o.stop_price = w.stop_price AND o.amount = w.amount
            AND o.status = 'rejected' AND o.status_reason NOT LIKE 'NOT_AT_VENUE%%'
            AND o.ended_at > now() - interval '10 seconds')
    AND NOT EXISTS (
        SELECT FROM risk_restriction r
        WHERE r.flatten AND r.lifted_at IS NULL AND (r.scope_kind = 'desk'
            OR (r.scope_kind, r.scope_id) IN (('account', p.account_id::text), ('bot', p.bot_id::text))))
"""  # noqa: S608 - our own statement


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A position and the stop it should have: amount in base units, stop price in quote per base.

    `stop_id` = the unfinished stop that does not fit; `attempts` = stops it has had before;
    `basis` in quote units.
    """

    account_id: UUID
    bot_id: UUID
    config_id: UUID
    instrument_id: int
    symbol: str
    opened_at: datetime | None
    amount: Decimal
    stop_price: Decimal
    held: Decimal
    basis: Decimal
    stop_id: UUID | None
    attempts: int
    rules: Rules
    last: Decimal | None


def unprotected_positions(*, account_id: UUID) -> list[Unprotected]:
    """Return the account's positions that need a stop made or replaced, by bot and symbol."""
    with connection.cursor() as cursor:
        cursor.execute(
            UNPROTECTED + 'ORDER BY b.slug COLLATE "C", i.symbol COLLATE "C"',
            {"account": account_id},
        )
        return [Unprotected(*(*row[:12], Rules(*row[12:18]), row[18])) for row in cursor.fetchall()]
