"""Recorded funding rates: `<data>/funding/<venue>/<BASE_QUOTE_QUOTE>.csv.gz`, columns ts and rate."""

from __future__ import annotations

import gzip
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from apps.core.errors import InvalidInput
from apps.simulator.domain.perpetual.marks import FundingTable

HEADER: Final = "ts,rate"
VENUE: Final = "binanceusdm"
# The venue stamps some charges a few ms past the hour.
STAMP_MS: Final = 60_000


def read_funding(data: Path, folder: str) -> FundingTable | None:
    """Return the rates recorded for the pair of a candle folder (`BTC_USDT_USDT`), None without a file.

    :raises InvalidInput: `BAD_FUNDING_FILE`.
    """
    for root in (data, data.parent, data.parent.parent):
        for path in sorted(root.glob(f"funding/{VENUE}/{folder}.csv*")):
            return _table(path)
    return None


def _table(path: Path) -> FundingTable:
    packed = path.read_bytes()
    try:
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
        header, *lines = text.splitlines()
        if header.strip() != HEADER:
            raise InvalidInput("BAD_FUNDING_FILE", file=str(path), reason=f"header is not {HEADER}")
        rows = sorted((int(ts), Decimal(rate)) for ts, rate in (line.split(",") for line in lines))
    except (OSError, EOFError, ValueError, InvalidOperation) as error:
        raise InvalidInput("BAD_FUNDING_FILE", file=str(path), reason=str(error)) from error
    return FundingTable([ts // STAMP_MS * STAMP_MS for ts, _ in rows], [rate for _, rate in rows])
