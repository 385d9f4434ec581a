"""The candle and quote store, in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.actions.ensure_partitions import ensure_partitions
from apps.marketdata.actions.store_candles import store_candles
from apps.marketdata.actions.store_quotes import store_quotes
from apps.marketdata.actions.sync_instruments import store_instruments
from apps.marketdata.clock import clock_is_virtual, market_now
from apps.marketdata.models import Instrument, Quote
from apps.marketdata.queries import (
    candle_windows,
    candles_between,
    candles_present,
    last_candles,
    latest_quotes,
)
from apps.venues.actions.create_account import create_account
from apps.venues.domain.reports import CandleRow, InstrumentRules, QuoteRow
from tests.marketdata.conftest import make_instrument

pytestmark = pytest.mark.django_db
HOUR = 3_600_000
START = 1_682_899_200_000


def rows(count: int, symbol: str = "BTC/USDT", start: int = START) -> list[CandleRow]:
    return [
        CandleRow(symbol, "1h", start + i * HOUR, 10.0 + i, 12.0 + i, 9.0 + i, 11.0 + i, 5.0)
        for i in range(count)
    ]


def store(candles: list[CandleRow]) -> int:
    return store_candles(venue="binance", environment="simulated", rows=candles)


def test_candles_are_stored_once_and_never_changed() -> None:
    btc = make_instrument()
    assert store(rows(3)) == 3
    other = [CandleRow("BTC/USDT", "1h", START, 1.0, 1.0, 1.0, 1.0, 1.0)]
    assert store(rows(4) + other) == 1

    kept = candles_between(instrument_id=btc.id, timeframe="1h", from_ms=0, to_ms=START * 2)
    assert kept.open.tolist() == [10, 11, 12, 13]


def test_broken_bars_and_unknown_instruments_are_left_out() -> None:
    make_instrument()
    broken = CandleRow("BTC/USDT", "1h", START, 10.0, 9.0, 8.0, 10.0, 1.0)
    nan = CandleRow("BTC/USDT", "1h", START + HOUR, 10.0, float("nan"), 8.0, 10.0, 1.0)
    assert store([broken, nan, *rows(1, "NEW/USDT"), *rows(1, start=START + 2 * HOUR)]) == 1


def test_windows_of_many_instruments_are_one_statement_and_then_none() -> None:
    ids = [make_instrument(f"C{i}/USDT").id for i in range(5)]
    for i in range(5):
        store(rows(30, f"C{i}/USDT"))
    keys = [(id_, "1h", 20) for id_ in ids]

    with CaptureQueriesContext(
        connection,
    ) as first:
        found = candle_windows(keys=keys, at_ms=START + 25 * HOUR)
    with CaptureQueriesContext(connection) as again:
        same = candle_windows(keys=keys, at_ms=START + 25 * HOUR)
    with CaptureQueriesContext(connection) as next_hour:
        later = candle_windows(keys=keys, at_ms=START + 26 * HOUR)

    assert (len(first), len(again), len(next_hour)) == (1, 0, 1)
    assert found[ids[0], "1h"].ts.tolist() == [START + i * HOUR for i in range(5, 25)]
    assert same[ids[0], "1h"].ts.tolist() == found[ids[0], "1h"].ts.tolist()
    assert later[ids[0], "1h"].close.tolist() == [11.0 + i for i in range(6, 26)]
    assert later[ids[0], "1h"].close.flags["C_CONTIGUOUS"]


def test_a_late_candle_fills_the_gap_in_memory() -> None:
    btc = make_instrument()
    whole = rows(10)
    store(whole[:5] + whole[6:])
    key = [(btc.id, "1h", 8)]
    assert len(candle_windows(keys=key, at_ms=START + 10 * HOUR)[btc.id, "1h"]) == 8
    store([whole[5]])

    found = candle_windows(keys=key, at_ms=START + 10 * HOUR)[btc.id, "1h"]
    assert found.ts.tolist() == [START + i * HOUR for i in range(2, 10)]


def test_an_open_candle_is_in_no_window() -> None:
    btc = make_instrument()
    store(rows(3))
    found = candle_windows(keys=[(btc.id, "1h", 5)], at_ms=START + 3 * HOUR - 1)
    assert found[btc.id, "1h"].ts.tolist() == [START, START + HOUR]
    assert len(candle_windows(keys=[(btc.id, "4h", 5)], at_ms=START)[btc.id, "4h"]) == 0


def test_presence_and_last_candle_are_told_by_key() -> None:
    btc, eth = make_instrument(), make_instrument("ETH/USDT")
    store([*rows(3), *rows(2, "ETH/USDT")])
    keys = [(btc.id, "1h"), (eth.id, "1h")]

    assert candles_present(keys=keys, at_ms=START + 3 * HOUR) == {(btc.id, "1h")}
    assert candles_present(keys=[], at_ms=START) == set()
    assert last_candles(keys=[*keys, (btc.id, "1d")]) == {
        (btc.id, "1h"): START + 2 * HOUR,
        (eth.id, "1h"): START + HOUR,
    }


def quote(last: str, at_ms: int, symbol: str = "BTC/USDT") -> QuoteRow:
    return QuoteRow(symbol, Decimal(last) - 1, Decimal(last) + 1, Decimal(last), at_ms)


def test_the_newest_quote_wins_whatever_the_order() -> None:
    btc = make_instrument()
    put = {"venue": "binance", "environment": "simulated"}
    assert store_quotes(**put, rows=[quote("101", 2000), quote("100", 1000)]) == 1
    assert store_quotes(**put, rows=[quote("99", 1500), quote("7", 1, "NEW/USDT")]) == 0

    found = latest_quotes(instrument_ids=[btc.id, 999])
    assert found[btc.id].last == 101
    assert found[btc.id].at == datetime.fromtimestamp(2, UTC)
    assert list(found) == [btc.id]
    assert Quote.objects.count() == 1


def test_instruments_follow_the_venue_and_are_never_deleted() -> None:
    def rules(symbol: str, tick: str) -> InstrumentRules:
        base, quote_asset = symbol.split("/")
        return InstrumentRules(
            symbol, base, quote_asset, "spot", Decimal(tick), Decimal("0.1"), Decimal(0),
            Decimal(5), True,
        )  # fmt: skip

    put = {"venue": "binance", "environment": "simulated"}
    store_instruments(**put, rules=[rules("BTC/USDT", "0.01"), rules("OLD/USDT", "1")])
    store_instruments(**put, rules=[rules("BTC/USDT", "0.1")])

    assert Instrument.objects.get(symbol="BTC/USDT").price_tick == Decimal("0.1")
    assert not Instrument.objects.get(symbol="OLD/USDT").is_tradable


def test_the_virtual_clock_only_moves_forward() -> None:
    assert not clock_is_virtual()
    then = datetime(2023, 5, 1, tzinfo=UTC)
    advance_clock(to=then)
    advance_clock(to=then + timedelta(hours=1))

    assert clock_is_virtual()
    assert market_now() == then + timedelta(hours=1)
    with pytest.raises(Conflict, match="CLOCK_BACKWARDS"):
        advance_clock(to=then)
    assert market_now() == then + timedelta(hours=1)


def test_a_virtual_clock_is_refused_beside_a_real_account() -> None:
    create_account(
        actor=Actor.task("test"), slug="net", name="Net", venue="binance", environment="testnet"
    )
    with pytest.raises(Conflict, match="CLOCK_BESIDE_REAL_ACCOUNT"):
        advance_clock(to=datetime(2023, 5, 1, tzinfo=UTC))
    assert not clock_is_virtual()


def test_partitions_of_coming_years_are_made_once_and_take_early_rows() -> None:
    btc = make_instrument()
    early = int(datetime(2042, 1, 1, tzinfo=UTC).timestamp() * 1000)
    store(rows(2, start=early))
    with connection.cursor() as cursor:
        cursor.execute("SELECT marketdata_ensure_candle_partition(2042)")
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT marketdata_ensure_candle_partition(2042)")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT count(*) FROM marketdata_candle_y2042")
        assert cursor.fetchone() == (2,)
    assert ensure_partitions() == []
    assert last_candles(keys=[(btc.id, "1h")]) == {(btc.id, "1h"): early + HOUR}
