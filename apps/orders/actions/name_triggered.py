"""Keep the second id that a conditional order got when it triggered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from apps.core.clock import now
from apps.core.statements import run
from apps.venues.domain.reports import OrderReport

# A fact that bore only the second id and came first was taken for a stranger's: it waits anew.
_NAME: Final = """
WITH named AS (
INSERT INTO orders_venueorderid (order_id, account_id, instrument_id, venue_order_id, kind, seen_at)
SELECT o.id, o.account_id, o.instrument_id, t.venue_order_id, 'triggered', %(at)s
FROM unnest(%(names)s::text[], %(numbers)s::text[]) t(client_order_id, venue_order_id)
JOIN orders_order o ON o.account_id = %(account)s AND o.client_order_id = t.client_order_id
ORDER BY t.venue_order_id
ON CONFLICT (account_id, instrument_id, venue_order_id) DO NOTHING
RETURNING account_id, instrument_id, venue_order_id
)
UPDATE orders_venuefact f SET absorbed_at = NULL, result = ''
FROM named JOIN marketdata_instrument i ON i.id = named.instrument_id
WHERE f.account_id = named.account_id AND f.venue_order_id = named.venue_order_id
    AND f.result = 'foreign' AND f.client_order_id = '' AND f.content->>'symbol' = i.symbol
"""


def name_triggered(*, account_id: UUID, reports: Iterable[OrderReport]) -> None:
    """Remember the triggered ids in `reports`: facts that bear only them belong to those orders."""
    told = [(r.client_order_id, r.triggered_id) for r in reports if r.triggered_id]
    if told:
        names, numbers = map(list, zip(*told, strict=True))
        run(_NAME, {"account": account_id, "names": names, "numbers": numbers, "at": now()})
