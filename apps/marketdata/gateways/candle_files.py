"""Candle files: CSV, CSV.gz, Parquet and Feather, read whole or refused by name and line."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from apps.core.errors import DeskError
from apps.marketdata.domain.candles import Candles, Ints

TIME_NAMES: Final = ("ts", "date", "timestamp", "time", "open_time", "datetime")
VALUES: Final = ("open", "high", "low", "close", "volume")
HEADER_LINES: Final = 1
_ROW: Final = re.compile(r"Row #(\d+)")


class CandleFileBroken(DeskError):
    """A candle file cannot be used; nothing of it is imported. Names the file and, if any, line."""

    default_code = "CANDLE_FILE_CORRUPT"


@dataclass(frozen=True, slots=True)
class CandleFile:
    """A file's candles in the order they stand there, and the SHA-256 of its bytes."""

    candles: Candles
    sha256: str
    first_line: int


def read_candles(path: Path, *, timeframe: str) -> CandleFile:
    """Return the candles of a file; times may be ms, s, us or ns since 1970, or dates (UTC).

    :raises CandleFileBroken: `CANDLE_FILE_CORRUPT`, `CANDLE_FILE_HEADER`, `CANDLE_FILE_VALUE`,
        `CANDLE_FILE_EMPTY`, `CANDLE_FILE_UNKNOWN`.
    """
    raw = path.read_bytes()
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        table = _read_csv(path, _unzipped(path, raw) if name.endswith(".gz") else raw)
    elif name.endswith((".parquet", ".feather")):
        table = _read_arrow(path, raw)
    else:
        raise CandleFileBroken("CANDLE_FILE_UNKNOWN", file=str(path))
    if not table.num_rows:
        raise CandleFileBroken("CANDLE_FILE_EMPTY", file=str(path))
    candles = _candles(path, table, timeframe)
    is_text = name.endswith((".csv", ".csv.gz"))
    return CandleFile(candles, hashlib.sha256(raw).hexdigest(), 1 + is_text * HEADER_LINES)


def _unzipped(path: Path, raw: bytes) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise CandleFileBroken(file=str(path), message=f"gzip: {error}") from error


def _read_csv(path: Path, text: bytes) -> Any:
    header = text.split(b"\n", 1)[0].decode(errors="replace").strip().split(",")
    _time_column(path, header)
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(VALUES, pa.float64()),
        null_values=[],
        strings_can_be_null=False,
    )
    # one thread: only then does an error name its row
    options = pyarrow.csv.ReadOptions(use_threads=False)
    try:
        return pyarrow.csv.read_csv(io.BytesIO(text), read_options=options, convert_options=convert)
    except pa.ArrowInvalid as error:
        row = _ROW.search(str(error))
        line = {"line": int(row[1])} if row else {}
        raise CandleFileBroken(
            "CANDLE_FILE_VALUE", file=str(path), **line, message=str(error)[:200]
        ) from error


def _read_arrow(path: Path, raw: bytes) -> Any:
    is_parquet = path.name.lower().endswith(".parquet")
    read = pyarrow.parquet.read_table if is_parquet else pyarrow.feather.read_table
    try:
        return read(pa.BufferReader(raw))
    except (pa.ArrowInvalid, OSError) as error:
        raise CandleFileBroken(file=str(path), message=str(error)[:200]) from error


def _time_column(path: Path, names: list[str]) -> str:
    found = next((name for name in TIME_NAMES if name in names), "")
    missing = [name for name in VALUES if name not in names]
    if missing or not found:
        raise CandleFileBroken(
            "CANDLE_FILE_HEADER",
            file=str(path),
            line=1,
            found=",".join(names)[:120],
            missing=",".join([*missing, *([] if found else ["ts"])]),
        )
    return found


def _candles(path: Path, table: Any, timeframe: str) -> Candles:
    column = table[_time_column(path, table.column_names)].combine_chunks()
    values = [table[name].combine_chunks() for name in VALUES]
    if column.null_count or any(value.null_count for value in values):
        raise CandleFileBroken("CANDLE_FILE_VALUE", file=str(path), message="empty value")
    try:
        floats = [pc.cast(value, pa.float64()).to_numpy() for value in values]
    except pa.ArrowInvalid as error:
        raise CandleFileBroken(
            "CANDLE_FILE_VALUE", file=str(path), message=str(error)[:200]
        ) from error
    return Candles(timeframe, _times(path, column), *floats)


def _times(path: Path, column: Any) -> Ints:
    """Return open times in ms from any of the forms in which files carry them."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return np.asarray(pc.cast(pc.cast(column, pa.timestamp("ms")), pa.int64()).to_numpy())
    if not pa.types.is_integer(column.type):
        raise CandleFileBroken(
            "CANDLE_FILE_VALUE", file=str(path), message=f"times are {column.type}"
        )
    numbers = np.asarray(column.to_numpy(), np.int64)
    largest = int(numbers.max())
    for limit, up, down in ((10**11, 1000, 1), (10**14, 1, 1), (10**17, 1, 1000)):
        if largest < limit:
            return numbers * up // down
    return numbers // 1_000_000
