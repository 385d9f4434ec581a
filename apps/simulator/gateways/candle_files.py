"""Recorded candles: CSV files below `<dir>/[candles/]<venue>/<BASE_QUOTE>/<timeframe>*.csv[.gz]`."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import InvalidInput, NotFound
from apps.simulator.domain.candles import Series, Times, Values, aggregate

HEADER = "ts,open,high,low,close,volume"


@dataclass(frozen=True, slots=True)
class Recording:
    """The candles of one pair and the decimals its prices show."""

    series: Series
    price_decimals: int


def read_recordings(
    data: Path, pairs: list[str], timeframe: str, *, source: str | None = None
) -> dict[str, Recording]:
    """Return the recording of each pair in `timeframe`, built from shorter candles where needed.

    All pairs are read from the same file timeframe: the wanted one if every pair has it, else the
    longest that divides it and every pair has.

    :raises InvalidInput: `BAD_CANDLE_FILE`, `BAD_TIMEFRAME`.
    :raises NotFound: `NO_CANDLES` when a pair has no usable file.
    """
    if timeframe not in TIMEFRAME_MS:
        raise InvalidInput("BAD_TIMEFRAME", field="timeframe", value=timeframe)
    root = _root(data, pairs)
    source = source or _source(root, pairs, timeframe)
    return {pair: _read(_files(root, pair, source), source, timeframe) for pair in pairs}


def _root(data: Path, pairs: list[str]) -> Path:
    for root in (data, data / "binance", data / "candles" / "binance"):
        if pairs and (root / pairs[0].replace("/", "_")).is_dir():
            return root
    raise NotFound("NO_CANDLES", data=str(data), instruments=",".join(pairs))


def _files(root: Path, pair: str, timeframe: str) -> list[Path]:
    folder = root / pair.replace("/", "_")
    found = [*folder.glob(f"{timeframe}.csv*"), *folder.glob(f"{timeframe}_*.csv*")]
    return sorted(found)


def _source(root: Path, pairs: list[str], timeframe: str) -> str:
    wanted = TIMEFRAME_MS[timeframe]
    for name, length in sorted(TIMEFRAME_MS.items(), key=lambda item: -item[1]):
        if length <= wanted and wanted % length == 0 and all(_files(root, p, name) for p in pairs):
            return name
    raise NotFound("NO_CANDLES", data=str(root), timeframe=timeframe, instruments=",".join(pairs))


def _read(files: list[Path], source: str, timeframe: str) -> Recording:
    if not files:
        raise NotFound("NO_CANDLES", timeframe=source)
    parts = [_rows(path) for path in files]
    times: Times = np.concatenate([part[0] for part in parts])
    values: Values = np.concatenate([part[1] for part in parts])
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    if np.any(np.diff(times) <= 0):
        raise InvalidInput("BAD_CANDLE_FILE", file=str(files[0]), reason="times repeat")
    decimals = max(part[2] for part in parts)
    if source != timeframe:
        times, values = aggregate(times, values, timeframe)
    return Recording(Series(timeframe, times, values), decimals)


def _rows(path: Path) -> tuple[Times, Values, int]:
    packed = path.read_bytes()
    try:
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason=str(error)) from error
    header, *lines = text.splitlines()
    if header.strip() != HEADER:
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason=f"header is not {HEADER}")
    try:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason=str(error)) from error
    if table.shape[1:] != (6,) or not np.isfinite(table).all():
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason="not six finite columns")
    decimals = max((len(line.split(",")[4].partition(".")[2]) for line in lines), default=0)
    return table[:, 0].astype(np.int64), table[:, 1:].copy(), decimals
