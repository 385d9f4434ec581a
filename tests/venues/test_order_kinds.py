"""Order types, pairs and the wire on spot, against the running exchange."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.errors import NeverSent, NotHere
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.wire import collect

PAIR = "BTC/USDT"


def ticket(**changes: Any) -> OrderTicket:
    base = OrderTicket(
        client_order_id=uuid4().hex, symbol=PAIR, side="sell", type="limit", time_in_force="GTC",
        amount=Decimal("0.1"),
    )  # fmt: skip
    return dataclasses.replace(base, **changes)


STOP = {"type": "stop_market", "stop_price": Decimal(40000)}
TARGET = {"type": "limit", "price": Decimal(60000)}


async def test_a_pair_is_sent_in_one_call_and_ends_together(desk: Gateway) -> None:
    stop, target = ticket(**STOP), ticket(**TARGET)
    with collect() as records:
        placed = await desk.create_oco(stop, target)

    assert [report.client_order_id for report in placed] == [
        stop.client_order_id, target.client_order_id,
    ]  # fmt: skip
    assert [report.type for report in placed] == ["stop_market", "limit"]
    assert {report.status for report in placed} == {"open"}
    assert [(r.verb, r.client_order_ids) for r in records] == [
        ("group", (stop.client_order_id, target.client_order_id))
    ]
    assert len(await desk.open_orders(PAIR)) == 2

    await desk.cancel_order(PAIR, stop.client_order_id)
    other = await desk.order(PAIR, target.client_order_id)
    assert other is not None
    assert other.status == "canceled"


async def test_a_stop_limit_and_a_take_profit_make_a_pair_too(desk: Gateway) -> None:
    stop = ticket(type="stop_limit", stop_price=Decimal(40000), price=Decimal(39900))
    target = ticket(type="take_profit_limit", stop_price=Decimal(60000), price=Decimal(59900))
    placed = await desk.create_oco(stop, target)
    assert [report.type for report in placed] == ["stop_limit", "take_profit_limit"]
    ended = await desk.cancel_all(PAIR)
    assert {report.status for report in ended} == {"canceled"}
    assert {report.client_order_id for report in ended} == {
        stop.client_order_id, target.client_order_id,
    }  # fmt: skip
    assert await desk.cancel_all(PAIR) == []


async def test_a_pair_for_a_short_buys_above_and_below(desk: Gateway) -> None:
    stop = ticket(side="buy", type="stop_market", stop_price=Decimal(60000))
    target = ticket(side="buy", type="limit", price=Decimal(40000))
    assert len(await desk.create_oco(stop, target)) == 2
    await desk.cancel_all(PAIR)


async def test_legs_that_differ_never_leave(desk: Gateway) -> None:
    with pytest.raises(NeverSent, match="PAIR_DIFFERS"):
        await desk.create_oco(ticket(**STOP), ticket(**TARGET, amount=Decimal("0.2")))
    assert await desk.open_orders(PAIR) == []


@pytest.mark.parametrize("activation", [None, Decimal(60000)], ids=["at once", "from a price"])
async def test_a_trailing_stop_keeps_its_rate(desk: Gateway, activation: Decimal | None) -> None:
    order = ticket(
        type="trailing_stop_market", trailing_rate=Decimal("0.02"), stop_price=activation
    )
    placed = await desk.create_order(order)
    found = await desk.order(PAIR, order.client_order_id)

    assert found is not None
    for report in (placed, found):
        assert (report.type, report.status) == ("trailing_stop_market", "open")
        assert (report.trailing_rate, report.stop_price) == (Decimal("0.02"), activation)
    await desk.cancel_all(PAIR)


async def test_take_profits_rest_and_gtd_goes_out_as_good_till_cancelled(desk: Gateway) -> None:
    market = await desk.create_order(ticket(type="take_profit_market", stop_price=Decimal(60000)))
    limit = await desk.create_order(ticket(**TARGET, time_in_force="GTD", expires_at_ms=1))
    assert (market.type, market.status) == ("take_profit_market", "open")
    assert limit.status == "open"
    await desk.cancel_all(PAIR)


async def test_a_guarded_market_order_fills_within_its_guard_or_not_at_all(desk: Gateway) -> None:
    filled = await desk.create_order(ticket(side="buy", type="market", worst_price=Decimal(60000)))
    missed = await desk.create_order(
        ticket(side="buy", type="market", worst_price=Decimal("40000.001"))
    )
    killed = await desk.create_order(ticket(side="buy", price=Decimal(40000), time_in_force="FOK"))

    assert (filled.status, filled.filled) == ("closed", Decimal("0.1"))
    assert [(r.status, r.filled) for r in (missed, killed)] == [("expired", 0), ("expired", 0)]


async def test_spot_has_no_native_edit(desk: Gateway) -> None:
    with pytest.raises(NotHere, match="feature=edit"):
        await desk.edit_order(ticket(**TARGET), uuid4().hex)
