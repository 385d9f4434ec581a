"""Store closed candles as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from django.db import connection

from apps.core.clock import now
from apps.marketdata.domain.quality import is_sane_bar
from apps.marketdata.queries import known_instruments
from apps.venues.domain.reports import CandleRow

log = structlog.get_logger(__name__)

INSERT: Final = """
INSERT INTO marketdata_candle
       (instrument_id, timeframe, ts, open, high, low, close, volume, observed_at)
SELECT *, %s FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::float8[], %s::float8[],
                         %s::float8[], %s::float8[], %s::float8[])
    ON CONFLICT DO NOTHING
"""


def store_candles(*, venue: str, environment: str, rows: Sequence[CandleRow]) -> int:
    """Store closed candles in one statement and return how many were new.

    A stored candle never changes. Broken bars and unknown instruments are left out and logged.
    """
    ids = known_instruments(
        venue=venue, environment=environment, symbols={row.symbol for row in rows}
    )
    good = [
        row
        for row in rows
        if row.symbol in ids and is_sane_bar((row.open, row.high, row.low, row.close, row.volume))
    ]
    if len(good) < len(rows):
        log.warning("candles.left_out", venue=venue, count=len(rows) - len(good))
    if not good:
        return 0
    columns = [
        [ids[row.symbol] for row in good],
        *([getattr(row, name) for row in good] for name in (
            "timeframe", "ts", "open", "high", "low", "close", "volume",
        )),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [now(), *columns])
        return int(cursor.rowcount)
