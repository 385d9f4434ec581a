from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from apps.core.clock import now
from apps.marketdata.models import Instrument
from apps.marketdata.queries import forget
from tests.fixtures.simulator import simulator, simulators

__all__ = ["simulator", "simulators"]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


def make_instrument(symbol: str = "BTC/USDT", environment: str = "simulated") -> Instrument:
    base, quote = symbol.split("/")
    return Instrument.objects.create(
        venue="binance", environment=environment, symbol=symbol, base=base, quote=quote,
        price_tick=Decimal("0.01"), amount_step=Decimal("0.00001"), amount_min=0, cost_min=5,
        updated_at=now(),
    )  # fmt: skip
