"""What the bots of an account hold, as the venue's positions and balances are compared with it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

from apps.reconciliation.domain.positions import Holding

_HOLDINGS: Final = """
SELECT b.slug, i.symbol, i.base, p.amount, p.basis,
    count(*) OVER (PARTITION BY p.instrument_id) = 1
FROM portfolio_position p
JOIN bots_bot b ON b.id = p.bot_id
JOIN marketdata_instrument i ON i.id = p.instrument_id
WHERE b.account_id = %s AND i.kind = %s
ORDER BY i.symbol, b.slug
"""


def holdings(*, account_id: UUID, kind: str) -> list[Holding]:
    """Return each bot's holding in instruments of `kind` (spot or linear), flat ones too."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, [account_id, kind])
        return [Holding(*row) for row in cursor.fetchall()]
