"""What ccxt leaves behind when it watches: nothing that nobody looks at."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import Any

import pytest

from apps.venues.domain.reports import Credentials
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.exchanges import build_exchange, forget_markets
from apps.venues.gateways.families.base import SIMULATED_BUDGET
from apps.venues.gateways.gateway import Gateway
from tests.fixtures.perpetuals import futures_account, trader, write_recordings
from tests.fixtures.simulator import START_MS, Simulator, simulators

__all__ = ["simulators"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "simulator"])
PERP = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def exchange(simulators: Any, tmp_path_factory: Any) -> Simulator:
    data = write_recordings(tmp_path_factory.mktemp("data"))
    running: Simulator = simulators()
    running.load(data, instruments=[PERP], **{"from": START_MS})
    return running


def complaints() -> list[str]:
    """Return a list that hears of exceptions that nobody retrieved."""
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: heard.append(f"{context['message']}: {context.get('exception')!r}")
    )
    return heard


async def test_a_private_stream_that_starts_with_a_position_open_leaves_nothing_unretrieved(
    exchange: Simulator, settings: Any, redis_server: object
) -> None:
    heard = complaints()
    settings.SIMULATOR_URL = exchange.url
    forget_markets()
    opened = futures_account(exchange, "holds")
    client = trader(exchange, opened)
    await asyncio.to_thread(client.create_order, PERP, "market", "buy", 0.01)
    access = Credentials("holds", "binanceusdm", "simulated", opened["api_key"], opened["secret"])
    gateway = Gateway(access, budget=RateBudget(SIMULATED_BUDGET, address="holds", key="holds"))

    async with aclosing(gateway.watch_private()) as news:
        async for _ in news:
            break
        # what ccxt spawns beside the stream has its time
        await asyncio.sleep(0.7)
    await gateway.close()
    del gateway, news
    gc.collect()
    await asyncio.sleep(0)

    assert heard == []


async def test_what_ccxt_spawns_and_fails_is_retrieved_and_told(caplog: Any) -> None:
    heard = complaints()
    client = build_exchange(Credentials("a", "binanceusdm", "simulated", "k", "s"))
    client.open()

    async def fails() -> None:
        raise TypeError("'>' not supported")

    client.spawn(fails)
    await asyncio.sleep(0.01)
    await client.close()
    del client
    gc.collect()
    await asyncio.sleep(0)

    assert heard == []
    assert "venue.spawned_task_failed" in caplog.text
