"""An account on the simulated exchange, its client, and the knobs that strike it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fixtures.simulator import Simulator

PAIR, SYMBOL = "BTC/USDT", "BTCUSDT"


class Desk:
    """One account, its client, and the knobs for it alone."""

    def __init__(self, simulator: Simulator, name: str) -> None:
        self.simulator, self.name = simulator, name
        self.account = simulator.account(name)
        self.client = simulator.client(self.account, timeout=1500)
        self.client.load_markets()

    def arm(self, kind: str, **terms: Any) -> Any:
        return self.simulator.control(
            "POST", "faults", {"kind": kind, "account": self.name} | terms
        )

    def limit(self, amount: float = 0.1, price: float = 30_000, **params: Any) -> Any:
        return self.client.create_order(PAIR, "limit", "buy", amount, price, params)

    def stop(self, name: str = "stop") -> Any:
        return self.client.create_order(
            PAIR, "market", "sell", 0.1, None, {"stopLossPrice": 40_000, "clientOrderId": name}
        )

    def market(self) -> Any:
        return self.client.create_order(PAIR, "market", "buy", 0.1)

    def open(self) -> list[str]:
        return [order["clientOrderId"] for order in self.client.fetch_open_orders(PAIR)]

    def fails(self, act: Callable[[], Any], *errors: type[Exception]) -> Any:
        with pytest.raises(errors) as caught:
            act()
        return caught.value
