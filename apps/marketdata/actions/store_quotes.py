"""Store the latest quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.core.clock import from_ms, now
from apps.marketdata.queries import known_instruments
from apps.venues.domain.reports import QuoteRow

# The instrument's own venue always beats a borrowed price. What one message does not tell (mark,
# funding) stays as it was.
UPSERT: Final = """
INSERT INTO marketdata_quote AS kept (
    instrument_id, bid, ask, last, at, mark, funding_rate, next_funding_at, observed_at, source_venue)
SELECT *, %s, %s FROM unnest(
    %s::int[], %s::numeric[], %s::numeric[], %s::numeric[], %s::timestamptz[], %s::numeric[],
    %s::numeric[], %s::timestamptz[])
    ON CONFLICT (instrument_id) DO UPDATE
   SET bid = excluded.bid, ask = excluded.ask, last = excluded.last, at = excluded.at,
       mark = coalesce(excluded.mark, kept.mark),
       funding_rate = coalesce(excluded.funding_rate, kept.funding_rate),
       next_funding_at = coalesce(excluded.next_funding_at, kept.next_funding_at),
       observed_at = excluded.observed_at, source_venue = excluded.source_venue
 WHERE kept.at <= excluded.at OR (kept.source_venue <> '' AND excluded.source_venue = '')
"""


def store_quotes(
    *, venue: str, environment: str, rows: Sequence[QuoteRow], source_venue: str = ""
) -> int:
    """Store the newest quote per instrument in one statement and return how many changed.

    A quote older than the stored one, and one of an unknown instrument, changes nothing.
    `source_venue` marks prices that another venue told: they serve marks and exits, never entries
    on real money, and the instrument's own venue replaces them with its next word.
    """
    newest: dict[str, QuoteRow] = {}
    for row in rows:
        if row.symbol not in newest or newest[row.symbol].at_ms <= row.at_ms:
            newest[row.symbol] = row
    ids = known_instruments(venue=venue, environment=environment, symbols=newest)
    # in one order everywhere, so that two writers cannot deadlock
    quotes = sorted(
        ((ids[symbol], row) for symbol, row in newest.items() if symbol in ids),
        key=lambda pair: pair[0],
    )
    if not quotes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [now(), source_venue, *_columns(quotes)])
        return int(cursor.rowcount)


def _columns(quotes: Sequence[tuple[int, QuoteRow]]) -> list[list[object]]:
    return [
        [id_ for id_, _ in quotes],
        [row.bid for _, row in quotes],
        [row.ask for _, row in quotes],
        [row.last for _, row in quotes],
        [from_ms(row.at_ms) for _, row in quotes],
        [row.mark for _, row in quotes],
        [row.funding_rate for _, row in quotes],
        [from_ms(r.next_funding_ms) if r.next_funding_ms else None for _, r in quotes],
    ]
