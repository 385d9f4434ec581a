"""How fast candles come in and out: files, COPY, live inserts, windows.

Real candle files are used where DESK_DATA (or ../shared/data) has them, else a random walk. A fresh
database of its own, on the embedded PostgreSQL. `python benchmarks/candles.py [ROWS]`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = Path(os.environ.get("DESK_DATA", ROOT.parent / "shared" / "data")) / "candles" / "binance"
INSTRUMENTS, WINDOW, START_MS, MINUTE_MS = 10, 500, 1_672_531_200_000, 60_000


def main() -> None:
    """Make a database and measure."""
    os.environ.setdefault("DESK_TEST_RUN", str(os.getpid()))
    os.environ["LOG_LEVEL"] = "ERROR"
    from tests import conftest  # noqa: PLC0415 - the environment is set on import
    from tests.databases import HOME, cloned  # noqa: PLC0415
    from tradingdesk.embedded import ensure  # noqa: PLC0415

    ensure(HOME, careless=True)
    with cloned(conftest.NAMES):
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)


def measure(rows: int) -> None:
    """Print each figure."""
    from apps.marketdata.actions.copy_candles import copy_candles  # noqa: PLC0415
    from apps.marketdata.actions.store_candles import store_candles  # noqa: PLC0415
    from apps.marketdata.queries import candle_windows, forget  # noqa: PLC0415
    from apps.venues.domain.reports import CandleRow  # noqa: PLC0415
    from tests.factories.venues import make_instrument  # noqa: PLC0415

    instruments = [make_instrument(symbol=f"C{i}/USDT") for i in range(INSTRUMENTS)]
    each = rows // INSTRUMENTS
    seconds = took(
        lambda: [copy_candles(instrument_id=i.id, candles=walk(each)) for i in instruments]
    )
    show("COPY into the partitioned table", f"{rows / seconds:,.0f} rows/s", f"{rows:,} rows")
    measure_files()

    at_ms = START_MS + each * MINUTE_MS
    keys = [(i.id, "1m", WINDOW) for i in instruments]
    forget()
    cold = took(lambda: candle_windows(keys=keys, at_ms=at_ms))
    show("windows, cold", f"{cold * 1000:.1f} ms", f"{INSTRUMENTS} × {WINDOW} candles, 1 statement")

    live = incremental = 0.0
    for step in range(100):
        ts = at_ms + step * MINUTE_MS
        fresh = [CandleRow(i.symbol, "1m", ts, 1.0, 2.0, 0.5, 1.5, 3.0) for i in instruments]
        live += took(
            lambda: store_candles(venue="binance", environment="simulated", rows=fresh)  # noqa: B023
        )
        incremental += took(lambda: candle_windows(keys=keys, at_ms=ts + MINUTE_MS))  # noqa: B023
    show("live insert", f"{live * 10:.2f} ms", f"{INSTRUMENTS} candles, 1 statement")
    show("windows, one candle newer", f"{incremental * 10:.2f} ms", "1 statement")
    memory = took(lambda: candle_windows(keys=keys, at_ms=ts + MINUTE_MS))
    show("windows, from memory", f"{memory * 1000:.2f} ms", "no statement")


def measure_files() -> None:
    """Print the speed of `candles import` on real files, where there are any."""
    from apps.marketdata.actions.import_candles import import_candles  # noqa: PLC0415
    from apps.marketdata.domain.layout import FileFacts  # noqa: PLC0415

    files = sorted(DATA.glob("*/1m*.csv.gz"))[:4]
    if not files:
        print(f"no real candle files below {DATA}: file import not measured")
        return
    started = time.perf_counter()
    reports = [
        import_candles(path=path, environment="simulated", known=FileFacts()) for path in files
    ]
    seconds = time.perf_counter() - started
    count = sum(report.rows for report in reports)
    show("import of csv.gz files", f"{count / seconds:,.0f} rows/s", f"{len(files)} real files")


def walk(count: int) -> Any:
    """Return minute candles of a seeded random walk."""
    import numpy as np  # noqa: PLC0415

    from apps.marketdata.domain.candles import Candles  # noqa: PLC0415

    close = 100 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 1e-4, count)))
    opened = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opened, close) * 1.0005, np.minimum(opened, close) * 0.9995
    ts = START_MS + np.arange(count, dtype=np.int64) * MINUTE_MS
    return Candles("1m", ts, opened, high, low, close, np.ones(count))


def took(work: Callable[[], Any]) -> float:
    """Return the seconds `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def show(what: str, figure: str, of: str) -> None:
    """Print one line."""
    print(f"{what:<34} {figure:>16}   {of}")


if __name__ == "__main__":
    main()
