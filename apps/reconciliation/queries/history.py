"""Reads and marks of the daily walk through an account's whole list of fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.portfolio.domain.position import Execution, State, Unit
from apps.reconciliation.domain.differences import BookFill
from apps.reconciliation.domain.history import Booked, TradeKey, unpack
from apps.reconciliation.models import HistoryMark

_TRADED: Final = """
SELECT i.id, i.symbol, i.base, i.quote, i.amount_step, i.settle,
    coalesce(m.through, date_trunc('second', s.since) - interval '60 seconds')
FROM (SELECT instrument_id, min(least(decided_at, coalesce(cycle_at, send_by), send_by)) AS since
      FROM orders_order WHERE account_id = %(account)s GROUP BY instrument_id) s
JOIN marketdata_instrument i ON i.id = s.instrument_id
LEFT JOIN reconciliation_historymark m ON m.account_id = %(account)s AND m.instrument_id = i.id
ORDER BY i.symbol
"""
# Each bot's fills of an instrument are one stretch of the index (bot, instrument, at).
_BOTS: Final = """
SELECT b.id FROM bots_bot b WHERE EXISTS (
    SELECT FROM orders_fill f WHERE f.bot_id = b.id AND f.instrument_id = %s)
"""
_FILLS: Final = """
SELECT f.venue_order_id, f.venue_trade_id, f.bot_id, f.side, f.price, f.amount, f.fee, f.fee_asset, f.at
FROM orders_fill f
WHERE f.bot_id = ANY(%s) AND f.instrument_id = %s AND f.at >= %s AND f.at < %s AND f.account_id = %s
"""
_OWNERS: Final = """
SELECT venue_order_id, bot_id FROM orders_order
WHERE account_id = %(account)s AND instrument_id = %(instrument)s AND venue_order_id = ANY(%(ids)s)
UNION
SELECT v.venue_order_id, o.bot_id FROM orders_venueorderid v JOIN orders_order o ON o.id = v.order_id
WHERE v.account_id = %(account)s AND v.instrument_id = %(instrument)s
  AND v.venue_order_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Traded:
    """An instrument that the account's bots ordered, and from when its fills are to be compared."""

    instrument_id: int
    symbol: str
    unit: Unit
    since: datetime


def traded_instruments(*, account_id: UUID) -> list[Traded]:
    """Return the account's instruments with the last verified mark, or their beginning."""
    with connection.cursor() as cursor:
        cursor.execute(_TRADED, {"account": account_id})
        return [Traded(row[0], row[1], Unit(*row[2:6]), row[6]) for row in cursor.fetchall()]


def bots_of(*, instrument_id: int) -> list[UUID]:
    """Return the bots that ever filled the instrument."""
    with connection.cursor() as cursor:
        cursor.execute(_BOTS, [instrument_id])
        return [row[0] for row in cursor.fetchall()]


def booked_between(
    *, account_id: UUID, instrument_id: int, bots: Sequence[UUID], span: tuple[datetime, datetime]
) -> dict[TradeKey, Booked]:
    """Return our fills from the first moment of `span` up to, not including, the second."""
    with connection.cursor() as cursor:
        cursor.execute(_FILLS, [list(bots), instrument_id, *span, account_id])
        found: dict[TradeKey, Booked] = {}
        for row in cursor.fetchall():
            key, bot, terms = (row[0].partition("#")[0], row[1]), row[2], row[3:8]
            execution = Execution(*row[3:9], *row[:2])
            if key in found:
                found[key] = found[key].joined(bot, execution)
            else:
                found[key] = Booked(BookFill(*terms), ((bot, execution),))
        return found


def owners_of(
    *, account_id: UUID, instrument_id: int, venue_order_ids: Sequence[str]
) -> dict[str, UUID]:
    """Return whose bot's orders these are, by the venue's order id."""
    if not venue_order_ids:
        return {}
    given: dict[str, Any] = {
        "account": account_id,
        "instrument": instrument_id,
        "ids": list(venue_order_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, given)
        return dict(cursor.fetchall())


def marked_states(*, account_id: UUID, instrument_id: int) -> tuple[int, Mapping[UUID, State]]:
    """Return how many fills are verified, and each bot's holding at the mark."""
    mark = HistoryMark.objects.filter(account_id=account_id, instrument_id=instrument_id).first()
    if mark is None:
        return 0, {}
    return mark.fills, {UUID(bot): unpack(state) for bot, state in mark.states.items()}
