from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from apps.venues.domain.reports import Credentials
from apps.venues.gateways import build_gateway
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.gateways.gateway import Gateway
from tests.fixtures.simulator import Simulator, simulator, simulators

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
