"""What a candle file's path says about its content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from apps.core.domain.timeframes import TIMEFRAME_MS

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet", ".feather")
TIMEFRAMES: Final = "|".join(TIMEFRAME_MS)
# <venue>/<SYMBOL>/<timeframe>[_period].csv.gz
FOLDERS: Final = re.compile(rf"(?P<timeframe>{TIMEFRAMES})(_.*)?")
# <venue>/<SYMBOL>-<timeframe>[-kind].feather, as freqtrade names its files
FREQTRADE: Final = re.compile(
    rf"(?P<symbol>[A-Z0-9]+_[A-Z0-9_]+)-(?P<timeframe>{TIMEFRAMES})(-(?P<kind>\w+))?"
)
SYMBOL: Final = re.compile(r"[A-Z0-9]+_[A-Z0-9]+(_[A-Z0-9]+)?")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known about a file; empty where its path does not say."""

    venue: str = ""
    symbol: str = ""
    timeframe: str = ""


def symbol_of(text: str) -> str:
    """Return `BTC_USDT` as BTC/USDT and `BTC_USDT_USDT` as BTC/USDT:USDT; empty for other text."""
    if not SYMBOL.fullmatch(text):
        return ""
    base, quote, *settle = text.split("_")
    return f"{base}/{quote}" + (f":{settle[0]}" if settle else "")


def stem_of(path: PurePath) -> str:
    """Return the file name without the endings that tell its format."""
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return ""


def read_path(path: PurePath) -> FileFacts:
    """Return what a path says by one of the known layouts; nothing when it fits none."""
    stem = stem_of(path)
    folders = [part.name for part in path.parents if part.name]
    if found := FREQTRADE.fullmatch(stem):
        # freqtrade keeps perpetuals in a folder of their own below the venue's
        venue = next((name for name in folders if name != "futures"), "")
        return FileFacts(venue, symbol_of(found["symbol"]), found["timeframe"])
    if (found := FOLDERS.fullmatch(stem)) and len(folders) > 1:
        return FileFacts(folders[1], symbol_of(folders[0]), found["timeframe"])
    return FileFacts()
