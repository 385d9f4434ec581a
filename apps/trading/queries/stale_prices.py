"""Instruments that somebody needs a price of, and whose own venue has gone quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

# Held, traded by an active bot, or with an open order. Prices of the simulated exchange are its
# own: nobody else can tell them. A virtual clock has no quiet venue.
_SQL: Final = """
SELECT i.venue, i.environment, i.symbol FROM marketdata_instrument i
LEFT JOIN marketdata_quote q ON q.instrument_id = i.id
WHERE i.environment <> 'simulated'
  AND NOT EXISTS (SELECT FROM marketdata_marketclock)
  AND (q.instrument_id IS NULL OR q.source_venue <> '' OR q.observed_at < %s)
  AND (EXISTS (SELECT FROM portfolio_position p
               WHERE p.instrument_id = i.id AND abs(p.amount) >= i.amount_step)
    OR EXISTS (SELECT FROM orders_order o WHERE o.instrument_id = i.id AND o.status IN
               ('created', 'submitted', 'unknown', 'open', 'partially_filled', 'pending_cancel'))
    OR EXISTS (SELECT FROM bots_botconfiginstrument c JOIN bots_bot b ON b.config_id = c.config_id
               WHERE c.instrument_id = i.id AND b.state IN ('running', 'paused')))
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class QuietInstrument:
    """An instrument without a fresh price of its own venue."""

    venue: str
    environment: str
    symbol: str


def quiet_instruments(*, before: datetime) -> list[QuietInstrument]:
    """Return needed instruments whose own venue told no price since `before` (real time)."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [before])
        return [QuietInstrument(*row) for row in cursor.fetchall()]
