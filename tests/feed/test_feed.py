"""`manage.py feed` as a process, beside a running exchange."""

from __future__ import annotations

import itertools
import os
import time
from decimal import Decimal
from typing import Any

from apps.core.clock import to_ms
from apps.marketdata.models import Instrument, Quote
from apps.orders.models import VenueFact
from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways import build_gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials
from tests.feed.conftest import Desk, until
from tests.fixtures import nursery
from tests.fixtures.nursery import Process
from tests.fixtures.simulator import HOUR_MS


def live(desk: Desk) -> int:
    """Wait for history and both streams; return the newest candle's open time."""
    until(lambda: len(desk.candles()) >= 40 and len(desk.candles("ETH/USDT")) >= 40)
    until(lambda: Quote.objects.count() == 2)
    return desk.candles()[-1]


def test_the_feed_brings_history_then_each_closed_candle_with_its_quote(
    desk: Desk, feed: Process
) -> None:
    newest = live(desk)
    until(lambda: Instrument.objects.filter(symbol="BTC/USDT", cost_min=5).exists())

    started = time.monotonic()
    at_ms = desk.step()
    until(lambda: desk.candles()[-1] == at_ms - HOUR_MS)
    until(lambda: desk.candles("ETH/USDT")[-1] == at_ms - HOUR_MS)
    assert time.monotonic() - started < 3
    assert newest < at_ms - HOUR_MS

    quote = Quote.objects.get(instrument__symbol="BTC/USDT")
    assert to_ms(quote.at) == at_ms, "the quote of the close came with the candle"
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    assert any(str(desk.account.id) in nudge for nudge in desk.nudges())


def test_what_happens_to_an_order_becomes_facts(desk: Desk, feed: Process) -> None:
    live(desk)
    gateway = build_gateway(credentials(account_id=desk.account.id))
    ticket = OrderTicket("f" * 32, "BTC/USDT", "buy", "market", "GTC", Decimal("0.1"))
    until(lambda: desk.simulator.control("GET", "state")["sockets"] >= 3)
    report = call(gateway.create_order(ticket), timeout=10)

    def facts() -> Any:
        found = VenueFact.objects.filter(client_order_id=ticket.client_order_id, source="stream")
        return found if {"order", "fill"} <= set(found.values_list("kind", flat=True)) else None

    fills = until(facts).filter(kind="fill")
    assert {fill.venue_order_id for fill in fills} == {report.venue_order_id}
    assert fills.count() == len(report.fills)
    call(gateway.close(), timeout=10)


def test_candles_missed_while_the_sockets_were_cut_are_caught_up(desk: Desk, feed: Process) -> None:
    live(desk)
    desk.simulator.control("POST", "faults", {"kind": "drop_stream"})
    at_ms = [desk.step() for _ in range(3)][-1]

    until(lambda: desk.candles()[-1] == at_ms - HOUR_MS)
    times = desk.candles()
    assert [b - a for a, b in itertools.pairwise(times)] == [HOUR_MS] * (len(times) - 1)
    until(lambda: desk.simulator.control("GET", "state")["sockets"] >= 3)


def test_a_silent_socket_is_replaced_by_polling(desk: Desk, feed: Process) -> None:
    live(desk)
    until(lambda: desk.simulator.control("GET", "state")["sockets"] >= 3)
    desk.simulator.control("POST", "faults", {"kind": "mute_stream", "count": 100_000})
    at_ms = desk.step()
    try:
        until(lambda: desk.candles()[-1] == at_ms - HOUR_MS, seconds=20)
        until(lambda: to_ms(Quote.objects.get(instrument__symbol="BTC/USDT").at) >= at_ms, 20)
    finally:
        desk.simulator.control("DELETE", "faults")


def test_a_feed_that_was_killed_picks_up_where_it_was(desk: Desk, feed: Process) -> None:
    live(desk)
    assert feed.poll() is None
    feed.kill()
    feed.wait()
    desk.step()
    at_ms = desk.step()
    assert desk.candles()[-1] < at_ms - 2 * HOUR_MS

    again = nursery.start(feed.args, env=environment_of(desk))
    try:
        until(lambda: desk.candles()[-1] == at_ms - HOUR_MS)
    finally:
        again.terminate()
        assert again.wait(10) == 0
    feed.returncode = 0


def environment_of(desk: Desk) -> dict[str, str]:

    return os.environ | {"SIMULATOR_URL": desk.simulator.url}
