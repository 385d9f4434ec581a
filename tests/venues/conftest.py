from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from apps.venues.domain.reports import Credentials
from apps.venues.gateways import build_gateway
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.families.base import Budget
from apps.venues.gateways.gateway import Gateway
from tests.fixtures.simulator import Simulator, simulator, simulators
from tests.venues.local import LocalVenue
from tests.venues.replay import ReplayVenue

__all__ = ["simulator", "simulators"]


@pytest.fixture
def on_simulator(simulator: Simulator, settings: Any) -> Simulator:
    """The simulated exchange as the one that code names for simulated accounts."""
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    return simulator


@pytest.fixture
def access(on_simulator: Simulator, request: pytest.FixtureRequest) -> Credentials:
    account = on_simulator.account(request.node.name)
    return Credentials(
        account_id=request.node.name,
        venue="binance",
        environment="simulated",
        api_key=account["api_key"],
        api_secret=account["secret"],
    )


@pytest.fixture
async def desk(access: Credentials, redis_server: object) -> AsyncIterator[Gateway]:
    gateway = build_gateway(access)
    yield gateway
    await gateway.close()


@pytest.fixture
async def venue(settings: Any) -> AsyncIterator[LocalVenue]:
    """A local server in the place of the simulated exchange."""
    local = LocalVenue()
    cleanup = await local.start()
    settings.SIMULATOR_URL = f"http://127.0.0.1:{local.port}"
    forget_markets()
    yield local
    forget_markets()
    await cleanup()


@dataclass
class Naps:
    """A sleep that only writes down how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def caller(
    venue: LocalVenue, naps: Naps, redis_server: object, request: pytest.FixtureRequest
) -> AsyncIterator[Gateway]:
    """A gateway to the local server whose retries do not wait."""
    access = Credentials(request.node.name, "binance", "simulated", "k" * 64, "s" * 64)
    address = f"{request.node.name}:{venue.port}"
    gateway = Gateway(access, budget=RateBudget(Budget(), address=address, key="k"), sleep=naps)
    yield gateway
    await gateway.close()


@pytest.fixture
async def replay(settings: Any, request: pytest.FixtureRequest) -> AsyncIterator[ReplayVenue]:
    """A recorded venue in the place of the simulated exchange; the test's parameter names it."""
    local = ReplayVenue(venue=request.param)
    cleanup = await local.start()
    settings.SIMULATOR_URL = f"http://127.0.0.1:{local.port}"
    forget_markets()
    yield local
    forget_markets()
    await cleanup()


LOGINS = {
    "hyperliquid": ("0x" + "a" * 40, "0x" + "1" * 64),
    "kraken": ("k" * 56, "c2VjcmV0c2VjcmV0c2VjcmV0"),
}


@pytest.fixture
async def trader(
    replay: ReplayVenue, naps: Naps, redis_server: object, request: pytest.FixtureRequest
) -> AsyncIterator[Gateway]:
    """A gateway to the recorded venue."""
    key, secret = LOGINS.get(replay.venue, ("k" * 36, "s" * 36))
    access = Credentials(
        request.node.name, replay.venue, "simulated", key, secret, api_password="p" * 8
    )
    address = f"{request.node.name}:{replay.port}"
    gateway = Gateway(access, budget=RateBudget(Budget(), address=address, key="k"), sleep=naps)
    yield gateway
    await gateway.close()
