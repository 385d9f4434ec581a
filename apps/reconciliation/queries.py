"""Reads for comparisons: a few statements for any number of orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.marketdata.clock import market_now
from apps.orders.domain.lifecycle import UNFINISHED
from apps.reconciliation.domain.differences import Book, BookOrder, Difference
from apps.reconciliation.models import Case, Comparison
from apps.venues.models import VenueAccount

# Clocks of venue and desk may differ by this much, and streams may lag.
MARGIN: Final = timedelta(seconds=60)
# A new position gets its stop within 15 s; before that it is not a difference.
PROTECTION_SECONDS: Final = 15
_ORDERS: Final = """
SELECT o.id, o.client_order_id, o.venue_order_id, i.symbol, o.status, o.filled
FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %(account)s AND (o.status = ANY(%(unfinished)s)
    OR o.ended_at >= %(real)s OR o.send_by >= %(market)s OR o.client_order_id = ANY(%(names)s))
ORDER BY o.decided_at, o.id
"""
_FILLS: Final = """
SELECT i.symbol, f.venue_order_id, f.venue_trade_id, f.amount
FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
WHERE f.account_id = %s AND f.at >= %s AND i.symbol = ANY(%s)
"""
_SYMBOLS: Final = """
SELECT i.symbol FROM orders_order o JOIN marketdata_instrument i ON i.id = o.instrument_id
WHERE o.account_id = %(account)s AND (o.status = ANY(%(unfinished)s) OR o.ended_at >= %(real)s)
UNION
SELECT i.symbol FROM portfolio_position p JOIN marketdata_instrument i ON i.id = p.instrument_id
WHERE p.account_id = %(account)s AND p.amount <> 0
UNION
SELECT i.symbol FROM bots_bot b JOIN bots_botconfiginstrument c ON c.config_id = b.config_id
JOIN marketdata_instrument i ON i.id = c.instrument_id
WHERE b.account_id = %(account)s AND b.state IN ('running', 'paused')
ORDER BY 1
"""
_UNPROTECTED: Final = """
SELECT b.slug, i.symbol, p.amount::text, coalesce(sum(o.amount - o.filled)
    FILTER (WHERE o.purpose = 'protect'), 0)::text
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN bots_botconfig c ON c.id = b.config_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
LEFT JOIN orders_order o ON o.bot_id = p.bot_id AND o.instrument_id = p.instrument_id
    AND o.status = ANY(%(unfinished)s)
WHERE p.account_id = %(account)s AND c.protection ? 'stop_loss'
  AND abs(p.amount) >= greatest(i.amount_step, i.amount_min)
  AND (q.last IS NULL OR abs(p.amount) * q.last >= i.cost_min)
  AND p.updated_at < %(before)s
GROUP BY b.slug, i.symbol, p.amount, i.amount_step
HAVING NOT bool_or(o.purpose IN ('reduce', 'flatten') IS TRUE)
   AND abs(p.amount) - coalesce(sum(o.amount - o.filled) FILTER (WHERE o.purpose = 'protect'), 0)
       >= i.amount_step
ORDER BY b.slug, i.symbol
"""


def reconcilable_accounts() -> list[UUID]:
    """Return the accounts that can be asked: not archived, with a key."""
    rows = VenueAccount.objects.filter(archived_at=None).exclude(api_key_sealed="")
    return list(rows.values_list("id", flat=True))


def last_clean(*, account_id: UUID, kind: str) -> Comparison | None:
    """Return the latest comparison of `kind` that was clean."""
    rows = Comparison.objects.filter(account_id=account_id, kind=kind, is_clean=True)
    return rows.order_by("-started_at").first()


def window_start(*, account_id: UUID) -> tuple[datetime, datetime]:
    """Return from when orders and fills are compared: (real time, market time).

    Since the last clean pass with a margin; before the first one since the first order.
    """
    last = last_clean(account_id=account_id, kind="orders")
    if last is not None and last.market_at is not None:
        return last.started_at - MARGIN, last.market_at - MARGIN
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(decided_at), min(least(decided_at, send_by, cycle_at)) FROM orders_order"
            " WHERE account_id = %s",
            [account_id],
        )
        real, market = cursor.fetchone()
    moment = market_now()
    return (real or moment) - MARGIN, (market or moment) - MARGIN


def symbols_to_compare(*, account_id: UUID, since: datetime) -> list[str]:
    """Return the symbols that may have fills of ours or of others."""
    given: dict[str, Any] = {"account": account_id, "unfinished": list(UNFINISHED), "real": since}
    with connection.cursor() as cursor:
        cursor.execute(_SYMBOLS, given)
        return [row[0] for row in cursor.fetchall()]


def read_book(
    *,
    account_id: UUID,
    since: tuple[datetime, datetime],
    symbols: Sequence[str],
    names: Sequence[str],
    venue_order_ids: Sequence[str],
) -> Book:
    """Return our picture of the window: orders (and those called `names`), and fills."""
    given: dict[str, Any] = {
        "account": account_id, "unfinished": list(UNFINISHED), "real": since[0],
        "market": since[1], "names": list(names),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, given)
        orders = tuple(BookOrder(*row) for row in cursor.fetchall())
        cursor.execute(_FILLS, [account_id, since[1], list(symbols)])
        fills = {(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()}
        cursor.execute(
            "SELECT i.symbol, o.venue_order_id FROM orders_order o"
            " JOIN marketdata_instrument i ON i.id = o.instrument_id"
            " WHERE o.account_id = %s AND o.venue_order_id = ANY(%s)",
            [account_id, list(venue_order_ids)],
        )
        known = frozenset((row[0], row[1]) for row in cursor.fetchall())
    return Book(orders, fills, known)


def unprotected_positions(*, account_id: UUID, before: datetime) -> list[Difference]:
    """Return positions that declare a stop, changed last before `before`, and have none nor an exit."""
    given: dict[str, Any] = {
        "account": account_id,
        "unfinished": list(UNFINISHED),
        "before": before,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNPROTECTED, given)
        return [
            Difference(
                "unprotected", f"{slug} {symbol}", "critical",
                book={"amount": amount, "protected": protected},
            )
            for slug, symbol, amount, protected in cursor.fetchall()
        ]  # fmt: skip


def open_cases(*, account_id: UUID) -> list[Case]:
    """Return the account's open cases, oldest first."""
    return list(Case.objects.filter(account_id=account_id, state="open").order_by("opened_at"))
