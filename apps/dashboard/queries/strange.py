"""What venues hold that our bots do not, or not so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from apps.dashboard.domain import formats

# Where the venue's word is newer than our books and says something else.
FOREIGN_SQL = """
SELECT a.slug, i.symbol, i.base, i.amount_step, i.price_tick, v.side, v.amount, coalesce(h.amount, 0),
       v.mark_price, v.liquidation_price, v.observed_at
FROM portfolio_venueposition v
JOIN venues_venueaccount a ON a.id = v.account_id
JOIN marketdata_instrument i ON i.id = v.instrument_id
LEFT JOIN LATERAL (
    SELECT sum(p.amount) AS amount, max(p.updated_at) AS at FROM portfolio_position p
    WHERE p.account_id = v.account_id AND p.instrument_id = v.instrument_id
      AND (v.side = '' OR (v.side = 'long') = (p.amount > 0))
) h ON true
WHERE v.amount <> coalesce(h.amount, 0) AND v.observed_at > coalesce(h.at, '-infinity')
ORDER BY a.slug, i.symbol, v.side
"""


@dataclass(frozen=True, slots=True)
class Strange:
    """A perpetual's position at the venue that our bots do not hold so; base units."""

    account: str
    symbol: str
    base: str
    step: Decimal
    tick: Decimal
    side: str
    at_venue: Decimal
    ours: Decimal
    mark: Decimal | None
    liquidation: Decimal | None
    observed_at: datetime

    @property
    def words(self) -> str:
        """What the venue says and what we hold."""
        theirs = formats.amount(self.at_venue, self.step)
        return f"{theirs} {self.base} at the venue, {formats.amount(self.ours, self.step)} ours"


def strange_positions() -> list[Strange]:
    """Return positions at venues that are not what our bots hold (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN_SQL)
        return [Strange(*row) for row in cursor]
