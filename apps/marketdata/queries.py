"""Reads of candles and quotes; each is one statement whatever the number of instruments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.marketdata.domain.candles import Candles
from apps.marketdata.domain.windows import Key, WindowCache, columns
from apps.marketdata.models import Instrument, Quote

_WINDOWS: Final = WindowCache()
_KNOWN: Final[dict[tuple[str, str, str], int]] = {}

WINDOWS_SQL: Final = """
SELECT asked.instrument_id, asked.timeframe, found.*
  FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::int[])
       AS asked (instrument_id, timeframe, after, upto, count)
 CROSS JOIN LATERAL (
       SELECT ts, open, high, low, close, volume FROM marketdata_candle
        WHERE instrument_id = asked.instrument_id AND timeframe = asked.timeframe
          AND ts > asked.after AND ts <= asked.upto
        ORDER BY ts DESC LIMIT asked.count) AS found
 ORDER BY 1, 2, 3
"""
PRESENT_SQL: Final = """
SELECT asked.instrument_id, asked.timeframe
  FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS asked (instrument_id, timeframe, ts)
  JOIN marketdata_candle USING (instrument_id, timeframe, ts)
"""
LAST_SQL: Final = """
SELECT asked.instrument_id, asked.timeframe, found.ts
  FROM unnest(%s::int[], %s::text[]) AS asked (instrument_id, timeframe)
 CROSS JOIN LATERAL (
       SELECT max(ts) AS ts FROM marketdata_candle
        WHERE instrument_id = asked.instrument_id AND timeframe = asked.timeframe) AS found
 WHERE found.ts IS NOT NULL
"""
SPANS_SQL: Final = """
SELECT instrument_id, timeframe, max(ts), count(*)
  FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::bigint[])
       AS asked (instrument_id, timeframe, after, upto)
  JOIN marketdata_candle USING (instrument_id, timeframe)
 WHERE ts > after AND ts <= upto
 GROUP BY instrument_id, timeframe
"""


@dataclass(frozen=True, slots=True)
class LatestQuote:
    """Best bid and ask and last price; `at` is market time, `observed_at` real time.

    `source_venue` is set when another venue told it.
    """

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal
    at: datetime
    observed_at: datetime
    source_venue: str = ""


def candle_windows(
    *, keys: Sequence[tuple[int, str, int]], at_ms: int
) -> dict[tuple[int, str], Candles]:
    """Return per (instrument, timeframe) the last `count` candles closed by `at_ms` (epoch ms).

    Fewer come back when fewer are stored. Closed candles stay in memory, only newer ones are
    read, in one statement for all keys and none when memory is enough.
    """
    counts: dict[Key, int] = {}
    for instrument_id, timeframe, count in keys:
        key = (instrument_id, timeframe)
        counts[key] = max(count, counts.get(key, 0))
    known = {key: _WINDOWS.find(key, count, at_ms) for key, count in counts.items()}
    result = {key: candles for key, candles in known.items() if candles is not None}
    missing = [key for key in counts if key not in result]
    if missing:
        result.update(_read_windows({key: counts[key] for key in missing}, at_ms))
    return result


def _read_windows(counts: dict[Key, int], at_ms: int) -> dict[Key, Candles]:
    after = [_WINDOWS.fetch_after(key, count, at_ms) for key, count in counts.items()]
    rows: defaultdict[Key, list[tuple[float, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            WINDOWS_SQL,
            [
                [instrument_id for instrument_id, _ in counts],
                [timeframe for _, timeframe in counts],
                after,
                [at_ms - TIMEFRAME_MS[timeframe] for _, timeframe in counts],
                list(counts.values()),
            ],
        )
        for instrument_id, timeframe, *values in cursor.fetchall():
            rows[instrument_id, timeframe].append(tuple(values))
    return {
        key: _WINDOWS.absorb(key, count, start, columns(rows[key]))
        for (key, count), start in zip(counts.items(), after, strict=True)
    }


def forget() -> None:
    """Drop what this process keeps in memory; for one that changes its database."""
    _WINDOWS.clear()
    _KNOWN.clear()


def candles_present(*, keys: Sequence[tuple[int, str]], at_ms: int) -> set[tuple[int, str]]:
    """Return which of the candles that close exactly at `at_ms` (epoch ms) are stored."""
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            PRESENT_SQL,
            [
                [instrument_id for instrument_id, _ in keys],
                [timeframe for _, timeframe in keys],
                [at_ms - TIMEFRAME_MS[timeframe] for _, timeframe in keys],
            ],
        )
        return {(instrument_id, timeframe) for instrument_id, timeframe in cursor.fetchall()}


def last_candles(*, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return per (instrument, timeframe) the open time (epoch ms) of the newest stored candle."""
    with connection.cursor() as cursor:
        cursor.execute(
            LAST_SQL,
            [[instrument_id for instrument_id, _ in keys], [timeframe for _, timeframe in keys]],
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def latest_quotes(*, instrument_ids: Collection[int]) -> dict[int, LatestQuote]:
    """Return the latest quote of each instrument that has one."""
    found = Quote.objects.filter(instrument_id__in=instrument_ids).values_list(
        "instrument_id", "bid", "ask", "last", "at", "observed_at", "source_venue"
    )
    return {row[0]: LatestQuote(*row[1:]) for row in found}


def instrument_ids(*, venue: str, environment: str, symbols: Collection[str]) -> dict[str, int]:
    """Return the ids of the known ones of these symbols."""
    found = Instrument.objects.filter(venue=venue, environment=environment, symbol__in=symbols)
    return dict(found.values_list("symbol", "id"))


def known_instruments(*, venue: str, environment: str, symbols: Collection[str]) -> dict[str, int]:
    """Return the ids of the known ones of these symbols, from memory where they were read once."""
    missing = [symbol for symbol in symbols if (venue, environment, symbol) not in _KNOWN]
    if missing:
        found = instrument_ids(venue=venue, environment=environment, symbols=missing)
        _KNOWN.update({(venue, environment, symbol): id_ for symbol, id_ in found.items()})
    keys = ((symbol, _KNOWN.get((venue, environment, symbol))) for symbol in symbols)
    return {symbol: id_ for symbol, id_ in keys if id_ is not None}


def candles_between(*, instrument_id: int, timeframe: str, from_ms: int, to_ms: int) -> Candles:
    """Return the stored candles that open in [from_ms, to_ms), epoch ms, straight from the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, open, high, low, close, volume FROM marketdata_candle"
            " WHERE instrument_id = %s AND timeframe = %s AND ts >= %s AND ts < %s ORDER BY ts",
            [instrument_id, timeframe, from_ms, to_ms],
        )
        found = columns(cursor.fetchall())
    return Candles(timeframe, found[0].astype("int64"), *found[1:])


def candle_spans(
    *, counts: Mapping[tuple[int, str], int], at_ms: int
) -> dict[tuple[int, str], tuple[int, int]]:
    """Return per (instrument, timeframe) the newest open time and how many candles are stored.

    Looked at are the newest `counts` candles that have closed by `at_ms` (epoch ms).
    """
    upto = [open_ms(at_ms, timeframe) - TIMEFRAME_MS[timeframe] for _, timeframe in counts]
    with connection.cursor() as cursor:
        cursor.execute(
            SPANS_SQL,
            [
                [instrument_id for instrument_id, _ in counts],
                [timeframe for _, timeframe in counts],
                [
                    latest - count * TIMEFRAME_MS[timeframe]
                    for (_, timeframe), count, latest in zip(
                        counts, counts.values(), upto, strict=True
                    )
                ],
                upto,
            ],
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


def symbols_of(*, instrument_ids: Collection[int]) -> dict[int, str]:
    """Return the symbol of each of these instruments."""
    found = Instrument.objects.filter(id__in=instrument_ids)
    return dict(found.values_list("id", "symbol"))
