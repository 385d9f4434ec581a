"""What a replay ended with, read in a fixed order."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

Row = tuple[Any, ...]
END_STATE: Final[dict[str, str]] = {
    "cycles": """
        SELECT b.slug, c.scheduled_for, c.status, c.outcome, c.wanted::text
        FROM bots_cycle c JOIN bots_bot b ON b.id = c.bot_id ORDER BY b.slug, c.scheduled_for""",
    # An order proved absent at the venue had no effect; its successor is in the list.
    "orders": """
        SELECT b.slug, i.symbol, o.cycle_at, o.purpose, o.side, o.type, o.amount, o.price,
               o.stop_price, o.status, o.filled, o.cost
        FROM orders_order o JOIN bots_bot b ON b.id = o.bot_id
        JOIN marketdata_instrument i ON i.id = o.instrument_id
        WHERE o.status NOT IN ('withdrawn') AND NOT (o.status = 'rejected' AND o.status_reason LIKE 'NOT_AT_VENUE%')
        ORDER BY b.slug, i.symbol, o.cycle_at, o.purpose, o.side, o.amount, o.stop_price, o.status, o.filled, o.cost""",
    "fills": """
        SELECT b.slug, i.symbol, f.at, f.side, f.price, f.amount, f.cost, f.fee, f.fee_asset, f.liquidity
        FROM orders_fill f JOIN bots_bot b ON b.id = f.bot_id
        JOIN marketdata_instrument i ON i.id = f.instrument_id
        ORDER BY b.slug, i.symbol, f.at, f.side, f.price, f.amount, f.fee""",
    "positions": """
        SELECT b.slug, i.symbol, p.amount, p.basis, p.realised_profit, p.fees, p.round_trips, p.opened_at
        FROM portfolio_position p JOIN bots_bot b ON b.id = p.bot_id
        JOIN marketdata_instrument i ON i.id = p.instrument_id ORDER BY b.slug, i.symbol""",
    "round_trips": """
        SELECT b.slug, i.symbol, r.opened_at, r.closed_at, r.profit, r.fees
        FROM portfolio_roundtrip r JOIN bots_bot b ON b.id = r.bot_id
        JOIN marketdata_instrument i ON i.id = r.instrument_id ORDER BY b.slug, i.symbol, r.closed_at""",
    "balances": """
        SELECT a.slug, b.asset, b.amount FROM portfolio_balance b
        JOIN venues_venueaccount a ON a.id = b.account_id ORDER BY a.slug, b.asset""",
    "journal": """
        SELECT l.book, l.asset, sum(l.amount), count(*) FROM portfolio_journalline l
        GROUP BY 1, 2 ORDER BY 1, 2""",
}  # fmt: skip
TOTALS: Final = """
    SELECT (SELECT count(*) FROM bots_cycle),
           (SELECT count(*) FROM bots_cycle WHERE status = 'failed'),
           (SELECT count(*) FROM orders_order),
           (SELECT count(*) FROM orders_order WHERE ended_at IS NULL AND purpose <> 'protect'),
           (SELECT count(*) FROM (SELECT DISTINCT instrument_id, split_part(venue_order_id, '#', 1),
                venue_trade_id FROM orders_fill) f),
           (SELECT coalesce(sum(realised_profit), 0) FROM portfolio_position),
           (SELECT coalesce(sum(fees), 0) FROM portfolio_position),
           (SELECT count(*) FROM portfolio_roundtrip),
           (SELECT count(*) FROM reconciliation_case WHERE state = 'open'),
           (SELECT coalesce(sum(funding), 0) FROM portfolio_position)
"""
FILLS_BY_BOT: Final = """
    SELECT b.slug, (SELECT count(*) FROM orders_fill f WHERE f.bot_id = b.id),
           coalesce(sum(p.realised_profit), 0), coalesce(sum(p.fees), 0), coalesce(sum(p.round_trips), 0)
    FROM bots_bot b LEFT JOIN portfolio_position p ON p.bot_id = b.id GROUP BY b.id, b.slug ORDER BY b.slug
"""


def rows(sql: str, params: Row | None = None) -> list[Row]:
    """Return all rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def end_state() -> dict[str, list[Row]]:
    """Return every section of the end state in its fixed order."""
    return {name: rows(sql) for name, sql in END_STATE.items()}
