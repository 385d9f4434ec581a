"""Fetch history from a venue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from apps.core.clock import now
from apps.core.domain.timeframes import TIMEFRAME_MS, open_ms
from apps.marketdata.actions.find_instrument import find_instrument
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.domain.quality import inspect
from apps.marketdata.models import CandleImport, Instrument
from apps.marketdata.queries import candles_between
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

PAGE: Final = 1000
PAGE_TIMEOUT_SECONDS: Final = 120
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class History:
    """What to fetch: candles that open in [from_ms, to_ms), epoch ms."""

    symbol: str
    timeframe: str
    from_ms: int
    to_ms: int


def backfill_candles(
    *, access: Credentials, gateway: Gateway, history: History, on_progress: Progress
) -> CandleImport:
    """Fetch what is not stored yet of one instrument's history, page by page, and report it.

    Each page is stored as it comes, so an interrupted run goes on where it stopped.
    `on_progress` is told the open time (epoch ms) that has been reached.

    :raises VenueError: when the venue cannot be read; what came before stays stored.
    """
    instrument = find_instrument(
        venue=access.venue, environment=access.environment, symbol=history.symbol
    )
    run = _run_row(access, instrument, history)
    length = TIMEFRAME_MS[history.timeframe]
    cursor = open_ms(history.from_ms + length - 1, history.timeframe)
    while (cursor := _first_missing(instrument, history, cursor)) < history.to_ms:
        on_progress(cursor)
        rows = call(
            gateway.candles(history.symbol, history.timeframe, cursor, PAGE),
            timeout=PAGE_TIMEOUT_SECONDS,
        )
        wanted = [row for row in rows if cursor <= row.ts < history.to_ms]
        if not wanted:
            break
        run.rows += len(wanted)
        run.new_rows += store_candles(
            venue=access.venue, environment=access.environment, rows=wanted
        )
        cursor = wanted[-1].ts + length
        run.save(update_fields=["rows", "new_rows"])
    on_progress(history.to_ms)
    return _finish(run, instrument, history)


def _run_row(access: Credentials, instrument: Instrument, history: History) -> CandleImport:
    """Return the unfinished row of the same backfill, or a new one."""
    source = f"backfill {access.venue} {history.from_ms}..{history.to_ms}"
    found, _ = CandleImport.objects.get_or_create(
        source=source,
        instrument=instrument,
        timeframe=history.timeframe,
        finished_at=None,
        defaults={"started_at": now()},
    )
    return found


def _first_missing(instrument: Instrument, history: History, cursor: int) -> int:
    """Return the first open time from `cursor` on that is not stored."""
    length = TIMEFRAME_MS[history.timeframe]
    stored = candles_between(
        instrument_id=instrument.id, timeframe=history.timeframe,
        from_ms=cursor, to_ms=history.to_ms,
    ).ts.tolist()  # fmt: skip
    for ts in stored:
        if ts != cursor:
            break
        cursor += length
    return cursor


def _finish(run: CandleImport, instrument: Instrument, history: History) -> CandleImport:
    stored = candles_between(
        instrument_id=instrument.id, timeframe=history.timeframe,
        from_ms=history.from_ms, to_ms=history.to_ms,
    )  # fmt: skip
    report: dict[str, Any] = inspect(stored).as_report()
    run.report, run.finished_at = report, now()
    run.first_ts, run.last_ts = (
        (int(stored.ts[0]), int(stored.ts[-1])) if len(stored) else (None, None)
    )
    run.save()
    return run
