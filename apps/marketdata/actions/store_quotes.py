"""Store the latest quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from apps.core.clock import from_ms, now
from apps.marketdata.queries import known_instruments
from apps.venues.domain.reports import QuoteRow

UPSERT: Final = """
INSERT INTO marketdata_quote AS kept (instrument_id, bid, ask, last, at, observed_at)
SELECT *, %s FROM unnest(%s::int[], %s::numeric[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    ON CONFLICT (instrument_id) DO UPDATE
   SET bid = excluded.bid, ask = excluded.ask, last = excluded.last,
       at = excluded.at, observed_at = excluded.observed_at
 WHERE kept.at <= excluded.at
"""


def store_quotes(*, venue: str, environment: str, rows: Sequence[QuoteRow]) -> int:
    """Store the newest quote per instrument in one statement and return how many changed.

    A quote older than the stored one, and one of an unknown instrument, changes nothing.
    """
    newest: dict[str, QuoteRow] = {}
    for row in rows:
        if row.symbol not in newest or newest[row.symbol].at_ms <= row.at_ms:
            newest[row.symbol] = row
    ids = known_instruments(venue=venue, environment=environment, symbols=newest)
    # in one order everywhere, so that two writers cannot deadlock
    quotes = sorted((ids[symbol], row) for symbol, row in newest.items() if symbol in ids)
    if not quotes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            UPSERT,
            [
                now(),
                [id_ for id_, _ in quotes],
                [row.bid for _, row in quotes],
                [row.ask for _, row in quotes],
                [row.last for _, row in quotes],
                [from_ms(row.at_ms) for _, row in quotes],
            ],
        )
        return int(cursor.rowcount)
