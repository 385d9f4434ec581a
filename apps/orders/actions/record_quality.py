"""Write how well orders were executed, once each has ended."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

# An order whose last fills came after its end is measured again: the row says what is true at last.
_DUE: Final = """
SELECT o.* FROM orders_order o LEFT JOIN orders_orderquality q ON q.order_id = o.id
WHERE o.account_id = %(account)s AND o.ended_at > now() - interval '1 day'
    AND (q.order_id IS NULL OR q.status <> o.status OR q.filled <> o.filled)
ORDER BY o.id LIMIT 5000
"""
_RECORD: Final = f"""
WITH due AS ({_DUE}), measured AS (
    SELECT o.id, o.account_id, o.bot_id, o.ended_at, o.status, o.filled, o.amount,
        CASE WHEN o.type = 'trailing_stop_market' THEN NULL
            WHEN o.purpose = 'protect' THEN coalesce(o.stop_price, o.price)
            ELSE coalesce(o.stop_price, o.arrival_price) END AS arrival_price,
        o.cost / nullif(o.filled, 0) AS average, CASE o.side WHEN 'buy' THEN 1 ELSE -1 END AS sign,
        extract(epoch FROM o.submitted_at - o.decided_at) * 1000 AS submit_ms,
        extract(epoch FROM o.acknowledged_at - o.submitted_at) * 1000 AS acknowledge_ms,
        extract(epoch FROM o.first_fill_at - o.submitted_at) * 1000 AS fill_ms,
        f.maker / nullif(f.cost, 0) AS maker_share, f.fees / nullif(f.cost, 0) * 10000 AS fee_bps
    FROM due o
    CROSS JOIN LATERAL (
        SELECT sum(f.cost) AS cost,
            coalesce(sum(f.cost) FILTER (WHERE f.liquidity = 'maker'), 0) AS maker,
            CASE WHEN bool_and(f.fee = 0 OR f.fee_asset IN (i.base, i.quote)) THEN
                sum(CASE f.fee_asset WHEN i.base THEN f.fee * f.price ELSE f.fee END) END AS fees
        FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
        WHERE f.order_id = o.id) f
)
INSERT INTO orders_orderquality (order_id, account_id, bot_id, ended_at, status, arrival_price,
    average_price, slippage_bps, submit_ms, acknowledge_ms, fill_ms, fill_ratio, maker_share,
    fee_bps, filled)
SELECT id, account_id, bot_id, ended_at, status, arrival_price, average,
    sign * (average - arrival_price) / nullif(arrival_price, 0) * 10000, submit_ms, acknowledge_ms,
    fill_ms, filled / amount, maker_share, fee_bps, filled
FROM measured ORDER BY id
ON CONFLICT (order_id) DO UPDATE SET ended_at = excluded.ended_at, status = excluded.status,
    average_price = excluded.average_price, slippage_bps = excluded.slippage_bps,
    fill_ms = excluded.fill_ms, fill_ratio = excluded.fill_ratio,
    maker_share = excluded.maker_share, fee_bps = excluded.fee_bps, filled = excluded.filled
RETURNING order_id, xmax = 0
"""  # noqa: S608 - our own statement


def record_quality(*, account_id: UUID) -> list[UUID]:
    """Measure the account's orders that have ended since; return those measured for the first time.

    - `slippage_bps` = sign × (average − arrival) / arrival × 10,000; sign + for buys, − for sells:
      positive is worse than the price when it was decided. A triggered order arrives at its trigger,
      a protective target at its price, a trailing stop nowhere. None without a fill or arrival price.
    - `submit_ms` decision → claim, `acknowledge_ms` claim → first word of the venue, `fill_ms`
      claim → first fill heard; real time, milliseconds.
    - `fill_ratio` = filled / amount. `maker_share` = cost filled as maker / cost.
    - `fee_bps` = fees in quote value / cost × 10,000; None when paid in a third asset.

    Each order has one row; a fill that comes after the end corrects it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, {"account": account_id})
        return [order_id for order_id, is_new in cursor.fetchall() if is_new]
