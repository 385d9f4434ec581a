"""Store the venue's word on an account's perpetual positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from apps.core.bell import ring_after_commit
from apps.core.clock import from_ms, now
from apps.marketdata.queries import instrument_ids
from apps.venues.domain.reports import PositionReport
from apps.venues.models import VenueAccount

log = structlog.get_logger(__name__)
_COLUMNS: Final = {
    "instrument_id": "int", "side": "text", "amount": "numeric", "entry_price": "numeric",
    "mark_price": "numeric", "liquidation_price": "numeric", "unrealised": "numeric",
    "leverage": "numeric", "margin_mode": "text", "margin": "numeric", "at": "timestamptz",
}  # fmt: skip
_STATED: Final = ", ".join(
    f"{name} = CASE WHEN %(complete)s OR excluded.{name} IS NOT NULL"
    f" THEN excluded.{name} ELSE v.{name} END"
    for name in ("entry_price", "mark_price", "leverage", "margin")
)
_UPSERT: Final = f"""
INSERT INTO portfolio_venueposition AS v (account_id, observed_at, {", ".join(_COLUMNS)})
SELECT %(account)s, %(observed)s, p.*
FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())}) p
ON CONFLICT (account_id, instrument_id, side) DO UPDATE SET
    observed_at = excluded.observed_at, at = excluded.at, amount = excluded.amount,
    unrealised = excluded.unrealised,
    margin_mode = coalesce(nullif(excluded.margin_mode, ''), v.margin_mode),
    {_STATED},
    liquidation_price = CASE WHEN %(complete)s OR excluded.liquidation_price IS NOT NULL
        OR excluded.amount <> v.amount THEN excluded.liquidation_price ELSE v.liquidation_price END
WHERE %(complete)s OR excluded.at >= v.at
"""  # noqa: S608 - names of columns above
_GONE: Final = """
UPDATE portfolio_venueposition v SET amount = 0, unrealised = 0, entry_price = NULL,
    liquidation_price = NULL, margin = NULL, observed_at = %s
WHERE v.account_id = %s AND NOT EXISTS (
    SELECT FROM unnest(%s::int[], %s::text[]) k(instrument_id, side)
    WHERE k.instrument_id = v.instrument_id AND k.side = v.side)
"""


def store_venue_positions(
    *, account_id: UUID, reports: Sequence[PositionReport], is_complete: bool = True
) -> int:
    """Store the positions and return how many rows the venue's word named.

    A complete word (a poll) is the whole truth: a position that it lacks is zero. A stream's word
    (`is_complete=False`) speaks of the named ones alone, leaves what it does not say, and never
    overwrites a newer one.
    """
    rows = _rows(account_id, reports)
    observed = now()
    with transaction.atomic(), connection.cursor() as cursor:
        if rows:
            given: dict[str, Any] = {name: [row[name] for row in rows] for name in _COLUMNS}
            given |= {"account": account_id, "observed": observed, "complete": is_complete}
            cursor.execute(_UPSERT, given)
        if is_complete:
            named = [[row["instrument_id"] for row in rows], [row["side"] for row in rows]]
            cursor.execute(_GONE, [observed, account_id, *named])
        ring_after_commit("positions")
    return len(rows)


def _rows(account_id: UUID, reports: Sequence[PositionReport]) -> list[dict[str, Any]]:
    """Return one row an instrument and side, sorted so that two writers never wait crosswise."""
    venue, environment = VenueAccount.objects.values_list("venue", "environment").get(pk=account_id)
    symbols = {report.symbol for report in reports}
    ids = instrument_ids(venue=venue, environment=environment, symbols=symbols)
    for symbol in sorted(symbols - ids.keys()):
        log.error("position.unknown_instrument", account=str(account_id), symbol=symbol)
    newest = {
        (ids[report.symbol], report.side): report for report in reports if report.symbol in ids
    }
    return [
        {
            "instrument_id": instrument_id, "side": side, "amount": r.amount,
            "entry_price": r.entry_price, "mark_price": r.mark_price,
            "liquidation_price": r.liquidation_price, "unrealised": r.unrealised,
            "leverage": r.leverage, "margin_mode": r.margin_mode, "margin": r.margin,
            "at": from_ms(r.at_ms),
        }
        for (instrument_id, side), r in sorted(newest.items())
    ]  # fmt: skip
