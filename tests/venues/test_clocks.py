"""A venue's clock that differs from ours: signed with the measured offset, and never beyond it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.core.clock import now
from apps.ops.queries import violations
from apps.orders.invariants import INVARIANTS
from apps.orders.models import OrderEvent
from apps.venues.domain.reports import Credentials, OrderTicket
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.connection import now_ms
from apps.venues.gateways.errors import NeverSent, Rejected
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.families.base import SIMULATED_BUDGET
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.venue_clock import OFFSET_MAX_MS, VenueClock
from tests.factories import make_order
from tests.fixtures.perpetuals import futures_account, write_recordings
from tests.fixtures.simulator import START_MS, Simulator, simulators, write_candles

__all__ = ["simulators"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "simulator"])
SYMBOLS = {"binance": "BTC/USDT", "binanceusdm": "BTC/USDT:USDT"}


@pytest.fixture(scope="module")
def exchange(simulators: Any, tmp_path_factory: Any) -> Simulator:
    data = write_recordings(tmp_path_factory.mktemp("data"))
    write_candles(data / "candles" / "binance")
    running: Simulator = simulators()
    running.load(data, instruments=["BTC/USDT", "BTC/USDT:USDT"], **{"from": START_MS})
    return running


@pytest.fixture(params=list(SYMBOLS))
async def gateway(exchange: Simulator, settings: Any, redis_server: object, request: Any) -> Any:
    settings.SIMULATOR_URL = exchange.url
    forget_markets()
    name = f"clock-{request.node.name[-60:]}"
    opened = futures_account(exchange, name) if request.param == "binanceusdm" else exchange.account(name)  # fmt: skip
    access = Credentials(name, request.param, "simulated", opened["api_key"], opened["secret"])
    found = Gateway(access, budget=RateBudget(SIMULATED_BUDGET, address=name, key=name))
    yield found
    await found.close()
    exchange.control("DELETE", "faults")


@pytest.fixture
def order(gateway: Gateway) -> Iterator[OrderTicket]:
    symbol, number = SYMBOLS[gateway.access.venue], 0

    def tickets() -> Iterator[OrderTicket]:
        nonlocal number
        while True:
            number += 1
            yield OrderTicket(
                client_order_id=f"{number:032x}", symbol=symbol, side="buy", type="limit",
                time_in_force="GTC", amount=Decimal("0.01"), price=Decimal(40_000),
            )  # fmt: skip

    return tickets()


def skew(exchange: Simulator, ms: int) -> None:
    exchange.control("POST", "faults", {"kind": "clock_skew", "ms": ms})


@pytest.mark.parametrize("ms", [-4_000, 4_000])
async def test_orders_and_reads_carry_the_venues_time_and_a_late_one_is_refused(
    exchange: Simulator, gateway: Gateway, order: Iterator[OrderTicket], ms: int
) -> None:
    skew(exchange, ms)

    placed = await gateway.create_order(next(order), permit_at_ms=now_ms())
    assert placed.status == "open"
    assert abs(gateway.clock.offset_ms - ms) < 500
    assert await gateway.order(placed.symbol, placed.client_order_id) is not None
    # a process that was stopped 5 s between its claim and the wire: the venue still says no
    with pytest.raises(Rejected, match="-1021"):
        await gateway.create_order(next(order), permit_at_ms=now_ms() - 5_000)
    assert await gateway.cancel_order(placed.symbol, placed.client_order_id) is not None


@pytest.mark.parametrize("ms", [-20_000, 20_000])
async def test_clocks_too_far_apart_send_nothing_new_and_still_cancel(
    exchange: Simulator, gateway: Gateway, order: Iterator[OrderTicket], ms: int
) -> None:
    placed = await gateway.create_order(next(order))
    skew(exchange, ms)
    gateway.clock.distrust()

    late = next(order)
    with pytest.raises(NeverSent, match=f"CLOCK_OFF .*max_ms={OFFSET_MAX_MS}"):
        await gateway.create_order(late)
    assert await gateway.order(late.symbol, late.client_order_id) is None
    assert await gateway.cancel_order(placed.symbol, placed.client_order_id) is not None
    exchange.control("DELETE", "faults")
    gateway.clock.distrust()
    assert (await gateway.create_order(late)).status == "open"


async def test_a_clock_that_jumps_costs_one_refusal(
    exchange: Simulator, gateway: Gateway, order: Iterator[OrderTicket]
) -> None:
    await gateway.create_order(next(order))
    skew(exchange, -3_000)

    with pytest.raises(Rejected, match="-1021"):
        await gateway.create_order(next(order))
    assert (await gateway.create_order(next(order))).status == "open"


async def test_an_answer_that_took_long_measures_nothing() -> None:
    clock = VenueClock("binance")
    heard: list[int] = []

    async def slow() -> int:
        await asyncio.sleep(1.1)
        return now_ms() + 60_000

    await clock.keep(slow, heard.append)

    assert (clock.offset_ms, heard) == (0, [])


def test_an_order_held_back_by_the_clocks_is_a_finding() -> None:
    order = make_order(status="withdrawn", status_reason="CLOCK_OFF", ended_at=now())
    OrderEvent.objects.create(
        order=order, at=now(), before="submitted", after="withdrawn", cause="answer",
        detail={"offset_ms": "9000"},
    )  # fmt: skip

    count, sample = violations(INVARIANTS["clocks_agree"], sample=1)

    assert (count, sample[0][1:]) == (1, ["1", "9000"])
