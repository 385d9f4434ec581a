"""What a person trades by hand changes what the bot is meant to hold, so that no cycle undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from apps.marketdata.clock import market_now

# Spot holds nothing below zero. The recorded exposure stays: only a changed opinion of the
# strategy sets a new target.
_SHIFT: Final = """
INSERT INTO bots_bottarget (bot_id, instrument_id, exposure, target_amount, stopped_out, changed_at)
VALUES (%(bot)s, %(instrument)s, 0, %(change)s, false, %(at)s)
ON CONFLICT (bot_id, instrument_id) DO UPDATE SET changed_at = excluded.changed_at,
    target_amount = CASE WHEN (SELECT kind FROM marketdata_instrument WHERE id = %(instrument)s) = 'spot'
        THEN greatest(0, bots_bottarget.target_amount + %(change)s)
        ELSE bots_bottarget.target_amount + %(change)s END
"""
_UNFILLED: Final = """
SELECT bot_id, instrument_id, sum((amount - filled) * CASE side WHEN 'buy' THEN -1 ELSE 1 END)
FROM orders_order WHERE id = ANY(%s) AND origin = 'manual' AND purpose IN ('entry', 'reduce')
GROUP BY bot_id, instrument_id ORDER BY bot_id, instrument_id
"""


def shift_target(*, bot_id: UUID, instrument_id: int, change: Decimal) -> None:
    """Add `change` (base units, signed) to what the bot is meant to hold, when an order is placed."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SHIFT,
            {"bot": bot_id, "instrument": instrument_id, "change": change, "at": market_now()},
        )


def settle_targets(*, order_ids: Sequence[UUID]) -> None:
    """Take back what ended orders by hand did not fill; call it once per order."""
    if not order_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_UNFILLED, [list(order_ids)])
        rows = cursor.fetchall()
    for bot_id, instrument_id, change in rows:
        if change:
            shift_target(bot_id=bot_id, instrument_id=instrument_id, change=change)
