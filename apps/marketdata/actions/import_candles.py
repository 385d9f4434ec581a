"""Import one candle file: all of it or nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.core.clock import now
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput
from apps.marketdata.actions.copy_candles import copy_candles
from apps.marketdata.actions.find_instrument import find_instrument
from apps.marketdata.domain.layout import FileFacts, read_path
from apps.marketdata.domain.quality import Quality, inspect, ordered
from apps.marketdata.gateways.candle_files import CandleFile, CandleFileBroken, read_candles
from apps.marketdata.models import CandleImport


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of one file."""

    file: str
    symbol: str
    timeframe: str
    rows: int
    new_rows: int
    was_known: bool
    quality: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON form."""
        return asdict(self)


def import_candles(*, path: Path, environment: str, known: FileFacts) -> ImportReport:
    """Import a file; what `known` leaves empty is taken from the path.

    A file with the same content that was imported before changes nothing.

    :raises InvalidInput: `CANDLE_FILE_UNPLACED` when venue, symbol or timeframe stay unknown.
    :raises CandleFileBroken: when the file cannot be read, or has broken bars
        (`CANDLE_FILE_BROKEN_BARS`) or times off the grid (`CANDLE_FILE_OFF_GRID`).
    """
    facts = _place(path, known)
    file = read_candles(path, timeframe=facts.timeframe)
    quality = inspect(file.candles)
    _refuse_broken(path, file, quality)
    candles = ordered(file.candles)
    with transaction.atomic():
        instrument = find_instrument(
            venue=facts.venue, environment=environment, symbol=facts.symbol
        )
        same = CandleImport.objects.filter(
            sha256=file.sha256, instrument=instrument, timeframe=facts.timeframe
        ).exclude(finished_at=None)
        was_known = same.exists()
        started = now()
        new_rows = 0 if was_known else copy_candles(instrument_id=instrument.id, candles=candles)
        if not was_known:
            CandleImport.objects.create(
                source=str(path)[-300:], sha256=file.sha256, instrument=instrument,
                timeframe=facts.timeframe, rows=quality.rows, new_rows=new_rows,
                first_ts=int(candles.ts[0]), last_ts=int(candles.ts[-1]),
                report=quality.as_report(), started_at=started, finished_at=now(),
            )  # fmt: skip
    return ImportReport(
        str(path), facts.symbol, facts.timeframe, quality.rows, new_rows,
        was_known, quality.as_report(),
    )  # fmt: skip


def _place(path: Path, known: FileFacts) -> FileFacts:
    said = read_path(path.absolute())
    facts = FileFacts(
        known.venue or said.venue, known.symbol or said.symbol, known.timeframe or said.timeframe
    )
    missing = [name for name in ("venue", "symbol", "timeframe") if not getattr(facts, name)]
    if missing or facts.timeframe not in TIMEFRAME_MS:
        raise InvalidInput(
            "CANDLE_FILE_UNPLACED", file=str(path), missing=",".join(missing) or "timeframe"
        )
    return facts


def _refuse_broken(path: Path, file: CandleFile, quality: Quality) -> None:
    for rows, code in (
        (quality.broken_rows, "CANDLE_FILE_BROKEN_BARS"),
        (quality.off_grid_rows, "CANDLE_FILE_OFF_GRID"),
    ):
        if rows:
            raise CandleFileBroken(
                code, file=str(path), line=rows[0] + file.first_line, count=len(rows)
            )
