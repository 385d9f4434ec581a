"""The gateway against a running exchange."""

from __future__ import annotations

import asyncio
import dataclasses
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.venues.domain.reports import CandleRow, FillReport, OrderReport, OrderTicket
from apps.venues.gateways import build_gateway
from apps.venues.gateways.errors import KeyDoesNotSign, NeverSent, Rejected
from apps.venues.gateways.gateway import Gateway
from tests.fixtures.simulator import HOUR_MS, START_MS, Simulator


def ticket(**changes: Any) -> OrderTicket:
    base = OrderTicket(
        client_order_id=uuid4().hex,
        symbol="BTC/USDT",
        side="buy",
        type="market",
        time_in_force="GTC",
        amount=Decimal("0.1"),
    )
    return dataclasses.replace(base, **changes)


def no_floats(value: Any) -> bool:
    parts = (getattr(value, field.name) for field in dataclasses.fields(value))
    return not any(isinstance(part, float) for part in parts)


async def test_instruments_carry_exact_rules(desk: Gateway) -> None:
    rules = {rule.symbol: rule for rule in await desk.instruments()}

    btc = rules["BTC/USDT"]
    assert (btc.base, btc.quote, btc.kind) == ("BTC", "USDT", "spot")
    assert (btc.price_tick, btc.amount_step) == (Decimal("0.01"), Decimal("0.00001"))
    assert btc.cost_min == 5
    assert btc.is_tradable
    assert no_floats(btc)


async def test_candles_are_closed_and_oldest_first(desk: Gateway) -> None:
    rows = await desk.candles("BTC/USDT", "1h", START_MS - 5 * HOUR_MS, 100)

    assert [row.ts for row in rows][:5] == [START_MS + h * HOUR_MS for h in range(-5, 0)]
    assert all(row.high >= row.low > 0 for row in rows)


async def test_a_market_buy_is_answered_with_its_fills(desk: Gateway) -> None:
    sent = ticket()
    report = await desk.create_order(sent)

    assert report.status == "closed"
    assert report.client_order_id == sent.client_order_id
    assert report.filled == Decimal("0.1")
    assert report.type == "market"
    assert sum(fill.amount for fill in report.fills) == report.filled
    assert sum(fill.cost for fill in report.fills) == report.cost
    assert all(fill.fee_asset == "BTC" and fill.venue_trade_id for fill in report.fills)
    assert no_floats(report)
    assert all(map(no_floats, report.fills))


async def test_the_same_fills_come_back_by_order_and_by_time(desk: Gateway) -> None:
    report = await desk.create_order(ticket())

    by_order = await desk.fills("BTC/USDT", venue_order_id=report.venue_order_id)
    since = await desk.fills("BTC/USDT", since_ms=START_MS - HOUR_MS)

    wanted = [(fill.venue_trade_id, fill.price, fill.amount, fill.fee) for fill in report.fills]
    assert [(f.venue_trade_id, f.price, f.amount, f.fee) for f in by_order] == wanted
    assert [(f.venue_trade_id, f.price, f.amount, f.fee) for f in since] == wanted


async def test_a_protective_stop_rests_until_it_is_cancelled(desk: Gateway) -> None:
    stop = ticket(side="sell", type="stop_market", stop_price=Decimal(40000))
    placed = await desk.create_order(stop)

    assert (placed.status, placed.type, placed.stop_price) == ("open", "stop_market", 40000)
    assert [o.client_order_id for o in await desk.open_orders()] == [stop.client_order_id]
    found = await desk.order("BTC/USDT", stop.client_order_id)
    assert found is not None
    assert found.venue_order_id == placed.venue_order_id

    cancelled = await desk.cancel_order("BTC/USDT", stop.client_order_id)
    assert cancelled is not None
    assert (cancelled.client_order_id, cancelled.status) == (stop.client_order_id, "canceled")
    assert await desk.open_orders("BTC/USDT") == []


async def test_stop_limit_and_post_only_orders_keep_their_terms(desk: Gateway) -> None:
    stop_limit = await desk.create_order(
        ticket(
            side="sell",
            type="stop_limit",
            stop_price=Decimal(40000),
            price=Decimal("39900.5"),
        )
    )
    maker = await desk.create_order(ticket(type="limit", price=Decimal(30000), post_only=True))

    assert (stop_limit.type, stop_limit.price) == ("stop_limit", Decimal("39900.5"))
    assert (maker.type, maker.status, maker.price) == ("limit", "open", 30000)


async def test_an_order_the_venue_does_not_know_is_none(desk: Gateway) -> None:
    assert await desk.order("BTC/USDT", uuid4().hex) is None
    assert await desk.cancel_order("BTC/USDT", uuid4().hex) is None


async def test_an_amount_below_the_minimum_is_rejected_with_the_venues_code(desk: Gateway) -> None:
    with pytest.raises(Rejected) as caught:
        await desk.create_order(ticket(amount=Decimal("0.00001")))

    assert caught.value.venue_code == "-1013", str(caught.value)
    assert "NOTIONAL" in caught.value.context["message"]
    assert await desk.open_orders() == []


async def test_insufficient_funds_are_rejected(desk: Gateway) -> None:
    with pytest.raises(Rejected) as caught:
        await desk.create_order(ticket(amount=Decimal(1000)))

    assert caught.value.venue_code == "-2010"


async def test_an_amount_ccxt_would_cut_is_never_sent(desk: Gateway) -> None:
    with pytest.raises(NeverSent, match="AMOUNT_OFF_STEP"):
        await desk.create_order(ticket(amount=Decimal("0.100001")))
    with pytest.raises(NeverSent, match="PRICE_OFF_TICK"):
        await desk.create_order(ticket(type="limit", price=Decimal("30000.001")))


async def test_a_request_signed_too_long_ago_is_refused(desk: Gateway) -> None:
    await desk.instruments()
    with pytest.raises(Rejected) as caught:
        await desk.create_order(ticket(), permit_at_ms=START_MS)

    assert caught.value.venue_code == "-1021"


async def test_a_key_that_does_not_sign_says_so(desk: Gateway) -> None:
    wrong = build_gateway(dataclasses.replace(desk.access, api_secret="x" * 64))
    try:
        with pytest.raises(KeyDoesNotSign) as caught:
            await wrong.balances()
    finally:
        await wrong.close()

    assert caught.value.code == "KEY_DOES_NOT_SIGN"
    assert caught.value.venue_code == "-1022"


async def test_balances_and_quotes_are_exact(desk: Gateway) -> None:
    balances = await desk.balances()
    quotes = {row.symbol: row for row in await desk.quotes(["BTC/USDT", "ETH/USDT"])}

    assert balances["USDT"] == 100_000
    assert set(quotes) == {"BTC/USDT", "ETH/USDT"}
    quote = quotes["BTC/USDT"]
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.last < quote.ask
    assert no_floats(quote)


async def test_markets_are_loaded_once_for_all_accounts(desk: Gateway) -> None:
    await desk.balances()
    other = build_gateway(desk.access)
    try:
        await other.balances()
        assert other._exchange.markets is desk._exchange.markets
    finally:
        await other.close()


async def test_streams_bring_closed_candles_quotes_and_our_own_orders(
    desk: Gateway, on_simulator: Simulator
) -> None:
    candles = desk.watch_candles(["BTC/USDT", "ETH/USDT"], ["1h"])
    quotes = desk.watch_quotes(["BTC/USDT"])
    private = desk.watch_private()
    assert await asyncio.wait_for(anext(candles), 5) == []
    await asyncio.wait_for(anext(quotes), 5)
    assert await asyncio.wait_for(anext(private), 5) == []

    await asyncio.to_thread(on_simulator.control, "POST", "advance", {})
    rows: list[CandleRow] = []
    while len(rows) < 2:
        rows += await asyncio.wait_for(anext(candles), 5)
    assert {row.symbol for row in rows} == {"BTC/USDT", "ETH/USDT"}
    assert len({row.ts for row in rows}) == 1
    quote = (await asyncio.wait_for(anext(quotes), 5))[-1]
    assert quote.symbol == "BTC/USDT"
    assert quote.at_ms >= rows[0].ts + HOUR_MS

    answer = await desk.create_order(ticket())
    reports: list[OrderReport | FillReport] = []
    while not any(isinstance(r, FillReport) for r in reports):
        reports += await asyncio.wait_for(anext(private), 5)
    fill = next(r for r in reports if isinstance(r, FillReport))
    assert fill.client_order_id == answer.client_order_id
    assert (fill.venue_trade_id, fill.price, fill.fee) == (
        answer.fills[0].venue_trade_id,
        answer.fills[0].price,
        answer.fills[0].fee,
    )
    for stream in (candles, quotes, private):
        await stream.aclose()


async def test_a_lost_socket_ends_the_stream_and_a_new_one_can_be_opened(
    desk: Gateway, on_simulator: Simulator
) -> None:
    from apps.venues.gateways.errors import StreamLost

    stream = desk.watch_candles(["BTC/USDT"], ["1h"])
    await asyncio.wait_for(anext(stream), 5)
    await asyncio.to_thread(on_simulator.control, "POST", "faults", {"kind": "drop_stream"})
    with pytest.raises(StreamLost):
        await asyncio.wait_for(anext(stream), 5)

    again = desk.watch_candles(["BTC/USDT"], ["1h"])
    assert await asyncio.wait_for(anext(again), 5) == []
    await again.aclose()
