"""Reading recorded candles: which file is chosen, what is built, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.core.errors import DeskError
from apps.simulator.gateways.candle_files import Wanted, read_recordings
from tests.fixtures.simulator import HOUR_MS, START_MS, write_candles

PAIRS = ["BTC/USDT", "ETH/USDT"]


def write_quarters(root: Path, pair: str, *, opened: int = START_MS, count: int = 16) -> None:
    folder = root / pair.replace("/", "_")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{opened + n * HOUR_MS // 4},{10 + n},{12 + n},{9 + n},{11 + n},1.5" for n in range(count)
    ]
    (folder / "15m.csv").write_text("\n".join(["ts,open,high,low,close,volume", *rows]))


def test_hours_are_built_from_quarters_where_a_pair_has_no_hours(tmp_path: Path) -> None:
    write_candles(tmp_path, hours=4)
    (tmp_path / "ETH_USDT" / "1h.csv").unlink()
    for pair in PAIRS:
        write_quarters(tmp_path, pair)

    found = read_recordings(Wanted(tmp_path, PAIRS, "1h"))

    candle = found["BTC/USDT"].series.at(START_MS + HOUR_MS)
    assert candle is not None
    assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (
        14,
        19,
        13,
        18,
        6,
    )
    assert len(found["ETH/USDT"].series.times) == 4


def test_a_file_that_ends_before_the_span_is_passed_over(tmp_path: Path) -> None:
    write_candles(tmp_path, hours=4)
    later = START_MS + 1000 * HOUR_MS
    for pair in PAIRS:
        write_quarters(tmp_path, pair, opened=later)

    found = read_recordings(Wanted(tmp_path, PAIRS, "1h", later, later + 2 * HOUR_MS))

    assert found["BTC/USDT"].series.times[0] == later


def test_weeks_open_on_monday_and_a_started_week_is_left_out(tmp_path: Path) -> None:
    series = read_recordings(Wanted(write_candles(tmp_path), PAIRS, "1h"))["BTC/USDT"].series

    times, _ = series.window("1w", start_ms=None, end_ms=START_MS + 200 * HOUR_MS, limit=10)

    assert times.tolist() == [START_MS]  # a Monday; the week before is covered by two days only


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("time,open\n1,2\n", "BAD_CANDLE_FILE"),
        ("ts,open,high,low,close,volume\n1,2,x,4,5,6\n", "BAD_CANDLE_FILE"),
        ("ts,open,high,low,close,volume\n1,2,3,nan,5,6\n", "BAD_CANDLE_FILE"),
        ("ts,open,high,low,close,volume\n1,2,3,1,2,6\n1,2,3,1,2,6\n", "BAD_CANDLE_FILE"),
        ("ts,open,high,low,close,volume\n", "BAD_CANDLE_FILE"),
        (None, "NO_CANDLES"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, content: str | None, code: str) -> None:
    folder = tmp_path / "BTC_USDT"
    folder.mkdir()
    if content is not None:
        (folder / "1h.csv").write_text(content)

    with pytest.raises(DeskError) as refused:
        read_recordings(Wanted(tmp_path, ["BTC/USDT"], "1h"))

    assert refused.value.code == code
