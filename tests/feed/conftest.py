from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.marketdata.actions.advance_clock import advance_clock
from apps.marketdata.models import Candle, MarketClock
from apps.venues.actions.write_keys import write_keys
from apps.venues.gateways.exchanges import forget_markets
from apps.venues.models import VenueAccount
from tests.factories.bots import make_bot
from tests.factories.venues import make_account, make_instrument
from tests.fixtures import nursery
from tests.fixtures.simulator import Simulator, simulator, simulators

__all__ = ["simulator", "simulators"]


def until(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what `done` returns once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := done():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


@dataclass
class Desk:
    """A desk whose market is the simulated exchange: one account, one bot on two instruments."""

    simulator: Simulator
    account: VenueAccount
    redis: redis.Redis

    def candles(self, symbol: str = "BTC/USDT", timeframe: str = "1h") -> list[int]:
        rows = Candle.objects.filter(instrument__symbol=symbol, timeframe=timeframe)
        return sorted(rows.values_list("ts", flat=True))

    def step(self) -> int:
        """Move the market to its next candle, then the desk's clock; return the time."""
        at_ms = int(self.simulator.control("POST", "advance", {})["clock"])
        advance_clock(to=from_ms(at_ms))
        return at_ms

    def nudges(self) -> list[str]:
        """Return the accounts for which workers were nudged so far."""
        prefix = os.environ["REDIS_PREFIX"]
        found = self.redis.lrange(f"{prefix}:celery:trading", 0, -1)
        return [str(json.loads(message)["headers"]["argsrepr"]) for message in found]


@pytest.fixture
def desk(
    simulator: Simulator,
    transactional_db: None,
    settings: Any,
    redis_server: redis.Redis,
    request: pytest.FixtureRequest,
) -> Desk:
    settings.SIMULATOR_URL = simulator.url
    forget_markets()
    made = simulator.account(request.node.name)
    account = make_account()
    write_keys(
        actor=Actor.task("test"), account_id=account.id,
        api_key=made["api_key"], api_secret=made["secret"],
    )  # fmt: skip
    instruments = [make_instrument(symbol=symbol) for symbol in ("BTC/USDT", "ETH/USDT")]
    make_bot(account=account, instruments=instruments)
    now_ms = int(simulator.control("GET", "state")["clock"])
    MarketClock.objects.create(now=from_ms(now_ms))
    redis_server.delete(f"{os.environ['REDIS_PREFIX']}:celery:trading")
    return Desk(simulator, account, redis_server)


@pytest.fixture
def feed(desk: Desk) -> Iterator[nursery.Process]:
    """A really running feed process."""
    environment = os.environ | {"SIMULATOR_URL": desk.simulator.url, "LOG_LEVEL": "INFO"}
    process = nursery.start([sys.executable, "manage.py", "feed"], env=environment)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
