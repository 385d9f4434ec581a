"""Ask the venue for an account's perpetual positions and funding payments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.clock import to_ms
from apps.marketdata.clock import market_now
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.actions.store_venue_positions import store_venue_positions
from apps.venues import gateways
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

READ_SECONDS: Final = 30.0
# Venues pay on the full hour, and some tell of it a little later.
AFTER_THE_HOUR: Final = (timedelta(0), timedelta(seconds=30), timedelta(seconds=150))
# Payments before the last one known are asked for again this far back: they are recorded once.
OVERLAP: Final = timedelta(hours=1)
_HELD: Final = """
SELECT i.id, i.symbol, max(l.through), coalesce(max(f.at), min(x.at))
FROM marketdata_instrument i
JOIN orders_fill x ON x.instrument_id = i.id AND x.account_id = %(account)s
LEFT JOIN portfolio_fundingpoll l ON l.instrument_id = i.id AND l.account_id = %(account)s
LEFT JOIN portfolio_fundingpayment f ON f.instrument_id = i.id AND f.account_id = %(account)s
WHERE i.id IN (
    SELECT p.instrument_id FROM portfolio_position p
    JOIN marketdata_instrument m ON m.id = p.instrument_id AND m.kind = 'linear'
    WHERE p.account_id = %(account)s
        AND (p.amount <> 0 OR p.last_fill_at > %(now)s - interval '1 day'))
GROUP BY i.id, i.symbol ORDER BY i.symbol
"""
_POLLED: Final = """
INSERT INTO portfolio_fundingpoll (account_id, instrument_id, through) VALUES (%s, %s, %s)
ON CONFLICT (account_id, instrument_id) DO UPDATE SET through = excluded.through
"""


def poll_venue_positions(*, account_id: UUID) -> int:
    """Store the venue's word on every perpetual position of the account; return how many are open.

    :raises VenueError: when the venue cannot be read.
    """
    found = call(
        gateways.gateway(credentials(account_id=account_id)).positions(), timeout=READ_SECONDS
    )
    return store_venue_positions(account_id=account_id, reports=found)


def poll_funding(*, account_id: UUID, moment: datetime | None = None) -> int:
    """Record the payments of perpetuals held of late whose funding time has passed; return how many.

    Asked thrice after each full hour of market time (`moment`, now unless given), nothing in between.

    :raises VenueError: when the venue cannot be read; what was not asked stays due.
    """
    moment, recorded = moment or market_now(), 0
    for instrument_id, symbol, through, since in _held(account_id, moment):
        if not is_due(through=through, moment=moment):
            continue
        gateway = gateways.gateway(credentials(account_id=account_id))
        reports = call(gateway.funding(symbol, to_ms(since - OVERLAP)), timeout=READ_SECONDS)
        recorded += record_funding(account_id=account_id, reports=reports)
        with connection.cursor() as cursor:
            cursor.execute(_POLLED, [account_id, instrument_id, moment])
    return recorded


def is_due(*, through: datetime | None, moment: datetime) -> bool:
    """Return whether a time to ask has come since `through`; both market time."""
    if through is None:
        return True
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return any(through < hour + after <= moment for after in AFTER_THE_HOUR)


def _held(account_id: UUID, moment: datetime) -> list[tuple[int, str, datetime | None, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"account": account_id, "now": moment})
        return list(cursor.fetchall())
