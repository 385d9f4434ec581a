"""The gateway against the running exchange's perpetuals, over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.venues.domain.reports import (
    Credentials,
    FillReport,
    OrderReport,
    OrderTicket,
    PositionReport,
)
from apps.venues.gateways import build_gateway
from apps.venues.gateways.errors import Rejected
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.families.news import News
from apps.venues.gateways.gateway import Gateway
from tests.fixtures.perpetuals import futures_account, perpetuals
from tests.fixtures.simulator import START_MS, Simulator

__all__ = ["perpetuals"]
PAIR = "BTC/USDT:USDT"


def ticket(**changes: Any) -> OrderTicket:
    base = OrderTicket(
        client_order_id=uuid4().hex, symbol=PAIR, side="buy", type="market", time_in_force="GTC",
        amount=Decimal("0.1"),
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


@pytest.fixture
async def desk(
    perpetuals: Simulator, settings: Any, redis_server: object, request: pytest.FixtureRequest
) -> AsyncIterator[Gateway]:
    settings.SIMULATOR_URL = perpetuals.url
    forget_markets()
    account = futures_account(perpetuals, request.node.name[-90:])
    access = Credentials(
        request.node.name, "binanceusdm", "simulated", account["api_key"], account["secret"]
    )
    gateway = build_gateway(access)
    yield gateway
    await gateway.close()


async def test_instruments_carry_settlement_and_leverage(desk: Gateway) -> None:
    rules = {rule.symbol: rule for rule in await desk.instruments()}

    btc = rules[PAIR]
    assert (btc.kind, btc.settle, btc.contract_size) == ("linear", "USDT", 1)
    assert (btc.price_tick, btc.amount_step) == (Decimal("0.1"), Decimal("0.001"))
    assert btc.leverage_max is not None
    assert btc.leverage_max >= 20
    assert btc.maintenance_rate is not None
    assert 0 < btc.maintenance_rate < Decimal("0.1")


async def test_quotes_carry_mark_and_funding(desk: Gateway) -> None:
    (quote,) = await desk.quotes([PAIR])

    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    assert quote.mark is not None
    assert quote.funding_rate == Decimal("0.0005")
    assert quote.next_funding_ms is not None
    assert quote.next_funding_ms > START_MS


async def test_a_position_is_opened_seen_and_closed_with_its_realised_profit(desk: Gateway) -> None:
    await desk.set_leverage(PAIR, 10)
    await desk.set_margin_mode(PAIR, "cross")
    opened = await desk.create_order(ticket())
    (position,) = await desk.positions([PAIR])
    closed = await desk.create_order(ticket(side="sell", reduce_only=True))

    assert (opened.status, opened.filled) == ("closed", Decimal("0.1"))
    assert (position.amount, position.margin_mode) == (Decimal("0.1"), "cross")
    assert position.entry_price == opened.cost / opened.filled
    assert await desk.positions([PAIR]) == []
    fills = await desk.fills(PAIR, venue_order_id=closed.venue_order_id)
    assert sum(fill.amount for fill in fills) == Decimal("0.1")
    assert sum(fill.realised or 0 for fill in fills) == closed.cost - opened.cost
    assert (await desk.balances())["USDT"] < 10_000


async def test_every_conditional_type_rests_apart_and_is_found_listed_and_cancelled(
    desk: Gateway,
) -> None:
    exits = [
        ticket(side="sell", type="stop_market", stop_price=Decimal(40000), reduce_only=True),
        ticket(side="sell", type="stop_limit", stop_price=Decimal(40000), price=Decimal(39900)),
        ticket(side="sell", type="take_profit_market", stop_price=Decimal(60000)),
        ticket(
            side="sell", type="take_profit_limit", stop_price=Decimal(60000), price=Decimal(60100)
        ),
        ticket(side="sell", type="trailing_stop_market", trailing_rate=Decimal("0.01")),
    ]
    await desk.create_order(ticket())
    placed = [await desk.create_order(order) for order in exits]
    resting = await desk.create_order(ticket(type="limit", price=Decimal(40000), post_only=True))

    assert [report.type for report in placed] == [order.type for order in exits]
    assert placed[4].trailing_rate == Decimal("0.01")
    listed = {report.client_order_id for report in await desk.open_orders(PAIR)}
    assert listed == {order.client_order_id for order in exits} | {resting.client_order_id}
    found = await desk.order(PAIR, exits[0].client_order_id)
    assert found is not None
    assert (found.venue_order_id, found.triggered_id) == (placed[0].venue_order_id, "")

    for order in exits[:2]:
        report = await desk.cancel_order(PAIR, order.client_order_id, type=order.type)
        assert report is not None
        assert report.status == "canceled"
    ended = await desk.cancel_all(PAIR)
    assert {report.status for report in ended} == {"canceled"}
    assert len(ended) == 4
    assert await desk.open_orders(PAIR) == []
    assert await desk.cancel_order(PAIR, uuid4().hex) is None


async def test_an_open_order_is_edited_in_place(desk: Gateway) -> None:
    first = ticket(type="limit", price=Decimal(40000))
    placed = await desk.create_order(first)
    edited = await desk.edit_order(
        dataclasses.replace(first, client_order_id=uuid4().hex, price=Decimal(41000)),
        first.client_order_id,
    )

    assert (edited.price, edited.venue_order_id) == (41000, placed.venue_order_id)
    assert edited.client_order_id == first.client_order_id


async def test_a_guard_that_the_market_passed_ends_unfilled(desk: Gateway) -> None:
    report = await desk.create_order(ticket(worst_price=Decimal(45000)))

    assert (report.status, report.filled) == ("expired", 0)
    fok = ticket(type="limit", time_in_force="FOK", price=Decimal(45000))
    with pytest.raises(Rejected, match="-5021"):
        await desk.create_order(fok)


async def test_hedge_mode_holds_both_sides(desk: Gateway) -> None:
    await desk.set_position_mode("hedge")
    await desk.set_position_mode("hedge")
    desk.access = dataclasses.replace(desk.access, position_mode="hedge")
    assert await desk.position_mode() == "hedge"

    await desk.create_order(ticket(position_side="long"))
    await desk.create_order(ticket(side="sell", amount=Decimal("0.05"), position_side="short"))

    found = {position.side: position.amount for position in await desk.positions()}
    assert found == {"long": Decimal("0.1"), "short": Decimal("-0.05")}


async def test_streams_bring_orders_fills_positions_and_prices(
    desk: Gateway, perpetuals: Simulator
) -> None:
    heard: list[News] = []
    prices: list[Any] = []
    live = asyncio.Event()

    async def listen() -> None:
        async for rows in desk.watch_private():
            heard.extend(rows)
            live.set()

    async def look() -> None:
        async for rows in desk.watch_quotes([PAIR]):
            prices.extend(rows)

    tasks = [asyncio.create_task(listen()), asyncio.create_task(look())]
    await asyncio.wait_for(live.wait(), 10)
    await asyncio.sleep(0.3)
    stop = ticket(side="sell", type="stop_market", stop_price=Decimal(49000), reduce_only=True)
    await desk.create_order(ticket())
    await desk.create_order(stop)
    for _ in range(30):
        await asyncio.to_thread(perpetuals.control, "POST", "advance", {})
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    kinds = {type(item) for item in heard}
    assert {OrderReport, FillReport, PositionReport} <= kinds
    found = await desk.order(PAIR, stop.client_order_id)
    assert found is not None
    assert (found.status, found.filled) == ("closed", Decimal("0.1"))
    assert found.triggered_id
    fills = await desk.fills(PAIR, venue_order_id=found.triggered_id)
    assert {fill.venue_trade_id for fill in fills} <= {
        item.venue_trade_id for item in heard if isinstance(item, FillReport)
    }
    assert any(row.mark is not None and row.bid is not None for row in prices)
    funding = await desk.funding(PAIR, None)
    assert funding
    assert all(row.asset == "USDT" and row.amount < 0 for row in funding)
    assert {row.rate for row in funding} == {None}
    # the list of payments tells no rate: with positions on both sides it is read besides
    desk.access = dataclasses.replace(desk.access, position_mode="hedge")
    told = await desk.funding(PAIR, None)
    assert all(row.rate is not None and row.rate > 0 for row in told)
    assert [dataclasses.replace(row, rate=None) for row in told] == funding
