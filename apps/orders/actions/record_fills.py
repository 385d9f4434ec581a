"""Record executions, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.orders.domain.rows import NewFill

_INSERT: Final = """
INSERT INTO orders_fill (id, order_id, account_id, bot_id, instrument_id, venue_order_id,
    venue_trade_id, side, liquidity, price, amount, cost, fee, fee_asset, at, realised,
    is_liquidation, recorded_at)
SELECT f.id, f.order_id, %s, f.bot_id, f.instrument_id, f.venue_order_id, f.venue_trade_id, f.side,
    f.liquidity, f.price, f.amount, f.cost, f.fee, f.fee_asset, f.at, f.realised, f.is_liquidation, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[],
    %s::timestamptz[], %s::numeric[], %s::bool[])
    f(id, order_id, bot_id, instrument_id, venue_order_id, venue_trade_id, side, liquidity, price,
      amount, cost, fee, fee_asset, at, realised, is_liquidation)
ON CONFLICT (account_id, instrument_id, venue_order_id, venue_trade_id) DO NOTHING
RETURNING id
"""


def record_fills(*, account_id: UUID, fills: Sequence[NewFill], at: datetime) -> list[NewFill]:
    """Record `fills` and return those that were new; known ones are left as they are."""
    if not fills:
        return []
    rows = [
        (
            f.id, f.order.id, f.order.bot_id, f.order.instrument_id, f.venue_order_id,
            f.venue_trade_id, f.side, f.liquidity, f.price, f.amount, f.cost, f.fee, f.fee_asset,
            f.at, f.realised, f.is_liquidation,
        )
        for f in fills
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [account_id, at, *map(list, zip(*rows, strict=True))])
        new = {row[0] for row in cursor.fetchall()}
    return [fill for fill in fills if fill.id in new]
