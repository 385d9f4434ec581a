"""`candles import` and `candles backfill`: whole files or nothing, reports, exit codes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.db import connection

from apps.core.actor import Actor
from apps.marketdata.models import CandleImport, Instrument
from apps.venues.actions.create_account import create_account
from apps.venues.gateways.exchanges import forget_markets
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator

DATA = Path(os.environ.get("DESK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
HALT_OF_2023 = DATA / "candles" / "binance" / "BTC_USDT"
HEADER = "ts,open,high,low,close,volume\n"
GOOD = [f"{START_MS + i * HOUR_MS},10,12,9,11,5" for i in range(4)]


def lines(rows: list[str]) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


def place(root: Path, text: str | bytes, name: str = "1h.csv") -> Path:
    file = root / "binance" / "BTC_USDT" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM marketdata_candle")
        return int(cursor.fetchone()[0])


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, dict[str, Any], str]:
    code = 0
    try:
        call_command("candles", *map(str, arguments), "--json")
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out.strip() else {}, said.err


@pytest.mark.django_db
def test_every_format_brings_the_same_candles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pa.table(
        {
            "date": pa.array([START_MS + i * HOUR_MS for i in range(4)], pa.timestamp("ms", "UTC")),
            "open": [10.0] * 4, "high": [12.0] * 4, "low": [9.0] * 4, "close": [11.0] * 4,
            "volume": [5] * 4,
        }
    )  # fmt: skip
    place(tmp_path, lines(GOOD))
    place(tmp_path, gzip.compress(lines([*GOOD[:2], GOOD[3]]).encode()), "1h_2023.csv.gz")
    pyarrow.parquet.write_table(table, place(tmp_path, "", "1h.parquet"))
    feather = tmp_path / "binance" / "BTC_USDT-1h.feather"
    pyarrow.feather.write_feather(table, feather)

    code, said, _ = run(capsys, "import", tmp_path)

    assert code == 0
    assert sorted((Path(r["file"]).name, r["rows"], r["new_rows"]) for r in said["done"]) == [
        ("1h.csv", 4, 4),
        ("1h.parquet", 4, 0),
        ("1h_2023.csv.gz", 3, 0),
        ("BTC_USDT-1h.feather", 4, 0),
    ]
    holed = next(r for r in said["done"] if r["file"].endswith("1h_2023.csv.gz"))
    assert holed["quality"]["missing"] == 1
    assert stored() == 4
    instrument = Instrument.objects.get()
    assert (instrument.symbol, instrument.is_tradable) == ("BTC/USDT", False)


@pytest.mark.django_db
def test_a_file_imported_before_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place(tmp_path, lines(GOOD))
    run(capsys, "import", file)
    code, said, _ = run(capsys, "import", file)

    assert code == 0
    assert said["done"][0]["was_known"] is True
    assert CandleImport.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "name", "code", "line"),
    [
        (
            gzip.compress(lines(GOOD).encode(), mtime=0)[:-9],
            "1h.csv.gz",
            "CANDLE_FILE_CORRUPT",
            None,
        ),
        (b"not gzip at all", "1h.csv.gz", "CANDLE_FILE_CORRUPT", None),
        ("time,o,h,l,c\n1,2,3,4,5\n", "1h.csv", "CANDLE_FILE_HEADER", 1),
        (lines([GOOD[0], GOOD[1].replace("11", "eleven")]), "1h.csv", "CANDLE_FILE_VALUE", 3),
        (lines([GOOD[0], GOOD[1].replace("12", "")]), "1h.csv", "CANDLE_FILE_VALUE", 3),
        (lines([GOOD[0], GOOD[1] + ",9"]), "1h.csv", "CANDLE_FILE_VALUE", 3),
        (
            lines([*GOOD[:3], GOOD[3].replace(",12,", ",8,")]),
            "1h.csv",
            "CANDLE_FILE_BROKEN_BARS",
            5,
        ),
        (lines([*GOOD[:2], GOOD[2].replace("11", "nan")]), "1h.csv", "CANDLE_FILE_BROKEN_BARS", 4),
        (
            lines([GOOD[0], GOOD[1].replace("00000,", "00007,")]),
            "1h.csv",
            "CANDLE_FILE_OFF_GRID",
            3,
        ),
        (HEADER, "1h.csv", "CANDLE_FILE_EMPTY", None),
        (b"PAR1 rubbish PAR1", "1h.parquet", "CANDLE_FILE_CORRUPT", None),
        (b"rubbish", "1h.feather", "CANDLE_FILE_CORRUPT", None),
    ],
    ids=(
        "gzip cut short", "not gzip", "no times", "a word", "a hole", "one column too many",
        "high below low", "not a number", "off the grid", "no rows", "not Parquet", "not Feather",
    ),
)  # fmt: skip
def test_a_bad_file_is_named_with_its_line_and_imports_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | bytes,
    name: str,
    code: str,
    line: int | None,
) -> None:
    bad = place(tmp_path, content, name)
    good = tmp_path / "binance" / "ETH_USDT" / "1h.csv"
    good.parent.mkdir()
    good.write_text(lines(GOOD))

    ended, said, err = run(capsys, "import", bad, good)

    assert ended == 1
    assert said["refused"][0]["code"] == code
    assert str(bad) in err
    if line is not None:
        assert f" line={line} " in err + " "
    assert stored() == len(GOOD), "only the good file is in"
    assert [i.symbol for i in Instrument.objects.all()] == ["ETH/USDT"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [["import", "/nowhere"], ["import", "."], ["backfill", "--instruments", "BTC/USDT",
     "--timeframe", "1h", "--from", "2023-05-01"]],
)  # fmt: skip
def test_wrong_use_ends_with_2(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert err.split()[0] in {"PATH_NOT_FOUND", "NO_CANDLE_FILES", "ACCOUNT_OR_VENUE"}


@pytest.mark.django_db
def test_a_file_in_no_known_place_needs_to_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices.csv"
    file.write_text(lines(GOOD))
    code, said, _ = run(capsys, "import", file)
    assert (code, said["refused"][0]["code"]) == (1, "CANDLE_FILE_UNPLACED")

    told = ("--venue", "binance", "--symbol", "BTC/USDT", "--timeframe", "1h")
    code, said, _ = run(capsys, "import", file, *told)
    assert (code, said["done"][0]["new_rows"]) == (0, 4)


@pytest.mark.django_db
@pytest.mark.recorded
@pytest.mark.skipif(not HALT_OF_2023.exists(), reason=f"no recorded candles below {DATA}")
def test_the_halt_of_march_2023_is_reported_as_80_missing_minutes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = next(HALT_OF_2023.glob("1m*.csv.gz"))
    code, said, _ = run(capsys, "import", file)

    (report,) = said["done"]
    assert code == 0
    assert report["rows"] == report["new_rows"] == stored()
    assert report["quality"]["missing"] == 80
    (gap,) = report["quality"]["gaps"]
    assert gap == {"after_ts": 1_679_661_540_000, "before_ts": 1_679_666_400_000, "missing": 80}
    kept = CandleImport.objects.get()
    assert kept.report["missing"] == 80
    assert len(kept.sha256) == 64


@pytest.mark.django_db
def test_backfill_fetches_what_is_missing_and_reports(
    simulator: Simulator, settings: Any, capsys: pytest.CaptureFixture[str], redis_server: object
) -> None:
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    create_account(
        actor=Actor.task("test"), slug="paper", name="Paper", venue="binance",
        environment="simulated",
    )  # fmt: skip
    asked = (
        "backfill", "--account", "paper", "--instruments", "BTC/USDT", "--timeframe", "1h",
        "--from", "2023-04-29T00:00:00", "--to", "2023-05-01T00:00:00",
    )  # fmt: skip

    code, said, _ = run(capsys, *asked)
    assert code == 0
    assert said["done"][0]["new_rows"] == 48
    assert said["done"][0]["quality"]["missing"] == 0

    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM marketdata_candle WHERE ts >= %s AND ts < %s",
            [START_MS - 10 * HOUR_MS, START_MS - 7 * HOUR_MS],
        )
    code, said, _ = run(capsys, *asked)
    assert said["done"][0]["new_rows"] == 3
    assert stored() == 48
    assert CandleImport.objects.filter(finished_at=None).count() == 0

    asked = (*asked[:4], "NO/SUCH", *asked[5:])
    code, said, err = run(capsys, *asked)
    assert code == 1
    assert said["refused"][0]["code"] in {"READ_FAILED", "REJECTED"}
    assert "NO/SUCH" in err
