"""Recorded candles: CSV files below `<dir>/[candles/]<venue>/<BASE_QUOTE[_QUOTE]>/<timeframe>*.csv[.gz]`."""

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which candles to read: pairs, timeframe, and the span (epoch ms) they must reach into."""

    data: Path
    pairs: list[str]
    timeframe: str
    from_ms: int | None = None
    to_ms: int | None = None


def read_recordings(wanted: Wanted) -> dict[str, Recording]:
    """Return the recording of each pair, built from shorter candles where needed.

    All pairs are read from the same file timeframe: the wanted one if every pair has it for the
    span, else the longest that divides it and every pair has.

    :raises InvalidInput: `BAD_CANDLE_FILE`, `BAD_TIMEFRAME`.
    :raises NotFound: `NO_CANDLES` when a pair has no usable file.
    """
    if wanted.timeframe not in TIMEFRAME_MS:
        raise InvalidInput("BAD_TIMEFRAME", field="timeframe", value=wanted.timeframe)
    folders = {pair: _folder(wanted.data, pair) for pair in wanted.pairs}
    for source in _sources(list(folders.values()), wanted.timeframe):
        files = {pair: _files(folder, source) for pair, folder in folders.items()}
        found = {pair: _read(paths, source, wanted.timeframe) for pair, paths in files.items()}
        if all(_reaches(recording.series, wanted) for recording in found.values()):
            return found
    raise NotFound(
        "NO_CANDLES",
        data=str(wanted.data),
        timeframe=wanted.timeframe,
        instruments=",".join(wanted.pairs),
    )


def _reaches(series: Series, wanted: Wanted) -> bool:
    """Return whether the series has a candle inside the span."""
    times = series.times
    low = times[0] if wanted.from_ms is None else wanted.from_ms
    high = times[-1] + 1 if wanted.to_ms is None else wanted.to_ms
    return bool(np.searchsorted(times, low) < np.searchsorted(times, high))


def read_marks(data: Path, pair: str, timeframe: str) -> Series | None:
    """Return the recorded mark-price candles of a perpetual, None where there are none.

    :raises InvalidInput: `BAD_CANDLE_FILE`.
    """
    for root in _roots(data, "binanceusdm_mark")[1:]:
        files = _files(root / folder_name(pair), timeframe)
        if files:
            return _read(files, timeframe, timeframe).series
    return None


def folder_name(pair: str) -> str:
    """Return the folder of a pair: `BTC_USDT`, of a perpetual `BTC_USDT_USDT`."""
    return pair.replace("/", "_").replace(":", "_")


def _roots(data: Path, venue: str) -> list[Path]:
    return [data, data / venue, data / "candles" / venue, data.parent / venue]


def _folder(data: Path, pair: str) -> Path:
    """Return the folder that holds the candles of a pair.

    :raises NotFound: `NO_CANDLES`.
    """
    for root in _roots(data, "binanceusdm" if ":" in pair else "binance"):
        if (root / folder_name(pair)).is_dir():
            return root / folder_name(pair)
    raise NotFound("NO_CANDLES", data=str(data), instruments=pair)


def _files(folder: Path, timeframe: str) -> list[Path]:
    found = [*folder.glob(f"{timeframe}.csv*"), *folder.glob(f"{timeframe}_*.csv*")]
    return sorted(found)


def _sources(folders: list[Path], timeframe: str) -> list[str]:
    """Return the file timeframes that every pair has and that divide `timeframe`, longest first."""
    wanted = TIMEFRAME_MS[timeframe]
    return [
        name
        for name, length in sorted(TIMEFRAME_MS.items(), key=lambda item: -item[1])
        if wanted % length == 0 and all(_files(folder, name) for folder in folders)
    ]


def _read(files: list[Path], source: str, timeframe: str) -> Recording:
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
    if not lines:
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason="no candles")
    try:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason=str(error)) from error
    if table.shape[1:] != (6,) or not np.isfinite(table).all():
        raise InvalidInput("BAD_CANDLE_FILE", file=str(path), reason="not six finite columns")
    decimals = max((len(line.split(",")[4].partition(".")[2]) for line in lines), default=0)
    return table[:, 0].astype(np.int64), table[:, 1:].copy(), decimals
