"""The exchange in memory with what comparisons read: open orders, all fills, balances."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from apps.core.clock import now, to_ms
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from apps.venues.gateways.errors import ReadFailed
from tests.fakes.venue import FakeVenue


class WholeVenue(FakeVenue):
    def __init__(self, price: str = "100", **balances: str) -> None:
        super().__init__(price)
        self.holdings = {asset: Decimal(amount) for asset, amount in balances.items()}
        self.hidden_fills: list[FillReport] = []
        # orders of the venue's own, and such that are shown only when asked for by their id
        self.forced: list[OrderReport] = []
        self.past: list[OrderReport] = []

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        self.calls.append(("open_orders", ""))
        if self.reads_fail:
            raise ReadFailed(message="502")
        return [replace(r, fills=()) for r in self.orders.values() if r.status == "open"]

    async def fills(
        self, symbol: str, since_ms: int | None = None, venue_order_id: str | None = None
    ) -> list[FillReport]:
        found = await super().fills(symbol, since_ms, venue_order_id)
        more = [f for f in self.hidden_fills if f.symbol == symbol and venue_order_id is None]
        return [f for f in found + more if since_ms is None or f.at_ms >= since_ms]

    async def forced_orders(self, symbol: str | None, since_ms: int) -> list[OrderReport]:
        return [r for r in self.forced if symbol in {None, r.symbol} and r.at_ms >= since_ms]

    async def order_of_fill(self, symbol: str, venue_order_id: str) -> OrderReport | None:
        self.calls.append(("order_of_fill", venue_order_id))
        known = [*self.orders.values(), *self.past]
        return next((r for r in known if r.venue_order_id == venue_order_id), None)

    async def balances(self) -> dict[str, Decimal]:
        if self.reads_fail:
            raise ReadFailed(message="502")
        totals = dict(self.holdings)
        for report in self.orders.values():
            for fill in report.fills:
                base, quote = fill.symbol.split("/")
                sign = 1 if fill.side == "buy" else -1
                totals[base] = totals.get(base, Decimal(0)) + sign * fill.amount
                totals[quote] = totals.get(quote, Decimal(0)) - sign * fill.cost
        return totals

    def place(self, client_order_id: str, symbol: str = "BTC/USDT", **values) -> OrderReport:
        """Somebody places an order past the desk."""
        terms = {
            "side": "buy",
            "type": "limit",
            "amount": Decimal(1),
            "price": Decimal(90),
        } | values
        return self.accept(
            OrderTicket(
                client_order_id=client_order_id, symbol=symbol, time_in_force="GTC", **terms
            )
        )

    def trade(self, number: str, symbol: str = "BTC/USDT") -> None:
        """Somebody trades past the desk."""
        self.hidden_fills.append(
            FillReport(
                symbol=symbol, venue_order_id=f"x{number}", venue_trade_id=number,
                client_order_id="", side="sell", price=self.price, amount=Decimal(1),
                cost=self.price, fee=Decimal(0), fee_asset="USDT", liquidity="taker",
                at_ms=to_ms(now()),
            )
        )  # fmt: skip
