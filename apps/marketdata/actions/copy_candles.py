"""Store very many candles: binary COPY into a temporary table, then one INSERT."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
from django.db import connection, transaction

from apps.core.clock import now
from apps.marketdata.domain.candles import Candles

FIELDS: Final = ("ts", "open", "high", "low", "close", "volume")
# A row of PostgreSQL's binary COPY: the field count, then length and value of each field.
PARTS: Final = [
    ((f"{name}_length", ">i4"), (name, ">i8" if name == "ts" else ">f8")) for name in FIELDS
]
ROW: Final = np.dtype([("fields", ">i2"), *itertools.chain.from_iterable(PARTS)])
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER: Final = b"\xff\xff"
PIECE_ROWS: Final = 50_000
TEMPORARY: Final = """
CREATE TEMPORARY TABLE arriving_candles (
    ts bigint, open float8, high float8, low float8, close float8, volume float8
) ON COMMIT DROP
"""
COPY: Final = "COPY arriving_candles FROM STDIN (FORMAT binary)"
INSERT: Final = """
INSERT INTO marketdata_candle
SELECT %s, %s, ts, open, high, low, close, volume, %s FROM arriving_candles
    ON CONFLICT DO NOTHING
"""


def copy_candles(*, instrument_id: int, candles: Candles) -> int:
    """Store sane candles of one instrument and return how many were new; stored ones stay."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TEMPORARY)
        with cursor.copy(COPY) as copy:
            copy.write(HEADER)
            for start in range(0, len(candles), PIECE_ROWS):
                copy.write(_binary(candles.slice(start, start + PIECE_ROWS)))
            copy.write(TRAILER)
        cursor.execute(INSERT, [instrument_id, candles.timeframe, now()])
        added = int(cursor.rowcount)
        cursor.execute("DROP TABLE arriving_candles")
    return added


def _binary(candles: Candles) -> bytes:
    rows = np.empty(len(candles), ROW)
    rows["fields"] = len(FIELDS)
    for name in FIELDS:
        rows[f"{name}_length"] = 8
        rows[name] = getattr(candles, name)
    return rows.tobytes()
