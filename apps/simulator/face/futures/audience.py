"""Everybody who listens to the exchange: the streams of spot, then those of perpetuals."""

from __future__ import annotations

from decimal import Decimal

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.orders import Report
from apps.simulator.exchange import Audience


class Everybody:
    """Hands on to several audiences, in their order."""

    def __init__(self, *audiences: Audience) -> None:
        self._audiences = audiences

    def on_reports(self, reports: list[Report]) -> None:
        """Hand on steps of orders."""
        for audience in self._audiences:
            audience.on_reports(reports)

    def on_deposit(self, account: Account, asset: str, amount: Decimal, at_ms: int) -> None:
        """Hand on a balance that changed without an order."""
        for audience in self._audiences:
            audience.on_deposit(account, asset, amount, at_ms)

    def on_candles(self, at_ms: int) -> None:
        """Hand on that candles closed."""
        for audience in self._audiences:
            audience.on_candles(at_ms)

    def on_forming(self, at_ms: int) -> None:
        """Hand on that candles are forming."""
        for audience in self._audiences:
            audience.on_forming(at_ms)

    def on_quotes(self, symbols: list[str], at_ms: int) -> None:
        """Hand on that prices changed."""
        for audience in self._audiences:
            audience.on_quotes(symbols, at_ms)
