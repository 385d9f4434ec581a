"""Bring candles in: `candles import PATH…`, `candles backfill …`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from apps.core.clock import now, to_ms
from apps.core.domain.timeframes import TIMEFRAME_MS
from apps.core.errors import DeskError, InvalidInput
from apps.marketdata.actions.backfill_candles import History, backfill_candles
from apps.marketdata.actions.import_candles import import_candles
from apps.marketdata.domain.layout import SUFFIXES, FileFacts
from apps.venues.domain.reports import Credentials
from apps.venues.gateways import build_gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import account_id_of, credentials

SOME_REFUSED, WRONG_USE = 1, 2


class Command(BaseCommand):
    """Exit 0 when all is in, 1 when a file or instrument was refused, 2 on wrong use."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare both forms."""
        forms = parser.add_subparsers(dest="form", required=True)
        files = forms.add_parser("import", help="files or folders, by their layout")
        files.add_argument("paths", nargs="+", type=Path)
        files.add_argument("--venue", default="")
        files.add_argument("--environment", default="simulated")
        files.add_argument("--timeframe", default="", choices=["", *TIMEFRAME_MS])
        files.add_argument("--symbol", default="", help="ccxt symbol: BTC/USDT")
        files.add_argument("--json", action="store_true")
        venue = forms.add_parser("backfill", help="history from a venue")
        venue.add_argument("--account", default="", help="slug of a venue account")
        venue.add_argument("--venue", default="", help="any ccxt exchange, without an account")
        venue.add_argument("--instruments", nargs="+", required=True)
        venue.add_argument("--timeframe", required=True, choices=list(TIMEFRAME_MS))
        venue.add_argument("--from", dest="start", type=moment, required=True)
        venue.add_argument("--to", dest="end", type=moment, default=None)
        venue.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one form and end with its exit code."""
        run = self.import_files if options["form"] == "import" else self.backfill
        try:
            done, refused = run(options)
        except DeskError as error:
            self.stderr.write(str(error))
            sys.exit(WRONG_USE)
        if options["json"]:
            self.stdout.write(json.dumps({"done": done, "refused": refused}))
        else:
            for row in done:
                self.stdout.write(sentence(row))
        if refused:
            sys.exit(SOME_REFUSED)

    def import_files(self, options: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """Import every file, each in a transaction of its own."""
        known = FileFacts(options["venue"], options["symbol"], options["timeframe"])
        done, refused = [], []
        for path in tqdm(find_files(options["paths"]), unit="file", file=sys.stderr):
            try:
                report = import_candles(path=path, environment=options["environment"], known=known)
                done.append(report.as_json())
            except DeskError as error:
                refused.append({"file": str(path), "code": error.code, "error": str(error)})
                tqdm.write(str(error), file=sys.stderr)
        return done, refused

    def backfill(self, options: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """Fetch each instrument's history."""
        access = source(options)
        start, end = to_ms(options["start"]), to_ms(options["end"] or now())
        gateway = build_gateway(access)
        done, refused = [], []
        try:
            for symbol in options["instruments"]:
                history = History(symbol, options["timeframe"], start, end)
                try:
                    done.append(fetch(access, gateway, history))
                except DeskError as error:
                    refused.append({"file": symbol, "code": error.code, "error": str(error)})
                    tqdm.write(f"{symbol}: {error}", file=sys.stderr)
        finally:
            call(gateway.close(), timeout=10)
        return done, refused


def fetch(access: Credentials, gateway: Any, history: History) -> dict[str, Any]:
    """Backfill one instrument with a progress bar over its time."""
    total = (history.to_ms - history.from_ms) // TIMEFRAME_MS[history.timeframe]
    with tqdm(total=total, unit="candle", desc=history.symbol, file=sys.stderr) as bar:

        def reached(at_ms: int) -> None:
            bar.update((at_ms - history.from_ms) // TIMEFRAME_MS[history.timeframe] - bar.n)

        run = backfill_candles(access=access, gateway=gateway, history=history, on_progress=reached)
    return {
        "file": run.source, "symbol": history.symbol, "timeframe": history.timeframe,
        "rows": run.rows, "new_rows": run.new_rows, "was_known": False, "quality": run.report,
    }  # fmt: skip


def source(options: dict[str, Any]) -> Credentials:
    """Return where to read from: an account's venue, or the public face of any exchange."""
    if bool(options["account"]) == bool(options["venue"]):
        raise InvalidInput("ACCOUNT_OR_VENUE", field="account", message="name one of the two")
    if options["account"]:
        return credentials(account_id=account_id_of(slug=options["account"]))
    return Credentials("", options["venue"], "live", "", "")


def find_files(paths: list[Path]) -> list[Path]:
    """Return the candle files among and below the paths, in order."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InvalidInput("PATH_NOT_FOUND", field="paths", path=str(path))
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in below if file.name.lower().endswith(SUFFIXES) or file == path]
    if not (files := [file for file in found if file.is_file()]):
        raise InvalidInput("NO_CANDLE_FILES", field="paths", known=" ".join(SUFFIXES))
    return files


def moment(text: str) -> datetime:
    """Return a date or time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sentence(row: dict[str, Any]) -> str:
    """Return what came of one file or instrument, for a person."""
    quality = row["quality"]
    known = " (imported before)" if row["was_known"] else ""
    return (
        f"{row['symbol']} {row['timeframe']}: {row['rows']} candles, {row['new_rows']} new{known};"
        f" {quality['missing']} missing in {quality['gap_count']} gaps,"
        f" {quality['duplicates']} duplicates, {quality['broken_bars']} broken bars"
    )
