"""An exchange in memory with the gateway's face: what it was told, it remembers.

`fault` names what happens to the next order calls: `lost` (never arrives, times out), `silent`
(accepted, the answer is lost), `refused` (rejected), `unreachable` (never sent), `limited`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from apps.core.clock import now, to_ms
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from apps.venues.gateways.budget import Admission
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown, RateLimited, ReadFailed, Rejected

ENDED = {"closed", "canceled", "expired", "rejected"}


class FakeVenue:
    def __init__(self, price: str = "100") -> None:
        self.price = Decimal(price)
        self.orders: dict[str, OrderReport] = {}
        self.fault = ""
        self.cancel_fault = ""
        self.reads_fail = False
        # whether it says whose order a fill was
        self.tells_whose = False
        self.calls: list[tuple[str, str]] = []
        self.admission: Admission | None = None
        self.on_create = lambda ticket: None
        # legs that the venue ties: each ends the other
        self.tied: dict[str, str] = {}

    async def streams(self) -> None:
        return None

    async def admit_orders(self, *, entries: int = 0, exits: int = 0) -> Admission:
        return self.admission or Admission(entries, exits)

    async def create_order(self, ticket: OrderTicket, *, permit_at_ms: int = 0) -> OrderReport:
        self.calls.append(("create", ticket.client_order_id))
        self.on_create(ticket)
        fault, arrives = self.fault, self.fault in {"", "silent"}
        if arrives:
            self.accept(ticket)
        if fault in {"lost", "silent"}:
            raise OutcomeUnknown(message="timed out")
        if fault == "refused":
            raise Rejected(code="-2010", message="Account has insufficient balance")
        if fault == "unreachable":
            raise NeverSent(message="connection refused")
        if fault == "limited":
            raise RateLimited(retry_after=1.0)
        return self.orders[ticket.client_order_id]

    async def create_oco(
        self, stop: OrderTicket, target: OrderTicket, *, permit_at_ms: int = 0
    ) -> list[OrderReport]:
        reports = [await self.create_order(ticket) for ticket in (stop, target)]
        names = (stop.client_order_id, target.client_order_id)
        self.tied |= dict(zip(names, reversed(names), strict=True))
        return reports

    def end_other(self, client_order_id: str) -> None:
        other = self.orders.get(self.tied.get(client_order_id, ""))
        if other is not None and other.status == "open":
            self.orders[other.client_order_id] = replace(other, status="canceled")

    def accept(self, ticket: OrderTicket) -> OrderReport:
        number = str(len(self.orders) + 1)
        rests = ticket.type != "market"
        fill = FillReport(
            symbol=ticket.symbol, venue_order_id=number, venue_trade_id=number,
            client_order_id=ticket.client_order_id, side=ticket.side, price=self.price,
            amount=ticket.amount, cost=ticket.amount * self.price, fee=Decimal(0),
            fee_asset="USDT", liquidity="taker", at_ms=to_ms(now()),
        )  # fmt: skip
        report = OrderReport(
            client_order_id=ticket.client_order_id, venue_order_id=number, symbol=ticket.symbol,
            status="open" if rests else "closed", side=ticket.side, type=ticket.type,
            amount=ticket.amount, filled=Decimal(0) if rests else fill.amount,
            cost=Decimal(0) if rests else fill.cost, price=ticket.price,
            stop_price=ticket.stop_price, at_ms=fill.at_ms, fills=() if rests else (fill,),
        )  # fmt: skip
        self.orders[ticket.client_order_id] = report
        return report

    def fill(self, client_order_id: str, amount: Decimal | None = None) -> OrderReport:
        """Fill a resting order as a price move would."""
        report = self.orders[client_order_id]
        filled = amount or report.amount
        fill = FillReport(
            symbol=report.symbol, venue_order_id=report.venue_order_id,
            venue_trade_id=f"{report.venue_order_id}f", client_order_id=client_order_id,
            side=report.side, price=self.price, amount=filled, cost=filled * self.price,
            fee=Decimal(0), fee_asset="USDT", liquidity="maker", at_ms=to_ms(now()),
        )  # fmt: skip
        status = "closed" if filled == report.amount else "open"
        self.orders[client_order_id] = replace(
            report, status=status, filled=filled, cost=fill.cost, fills=(fill,)
        )
        self.end_other(client_order_id)
        return self.orders[client_order_id]

    async def cancel_order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        self.calls.append(("cancel", client_order_id))
        if self.cancel_fault:
            raise OutcomeUnknown(message=self.cancel_fault)
        report = self.orders.get(client_order_id)
        if report is None or report.status in ENDED:
            return None
        self.orders[client_order_id] = replace(report, status="canceled")
        self.end_other(client_order_id)
        return self.orders[client_order_id]

    async def order(self, symbol: str, client_order_id: str) -> OrderReport | None:
        self.calls.append(("ask", client_order_id))
        if self.reads_fail:
            raise ReadFailed(message="502")
        report = self.orders.get(client_order_id)
        return replace(report, fills=()) if report else None

    async def order_of_fill(self, symbol: str, venue_order_id: str) -> OrderReport | None:
        known = self.orders.values() if self.tells_whose else ()
        return next((r for r in known if r.venue_order_id == venue_order_id), None)

    async def fills(
        self, symbol: str, since_ms: int | None = None, venue_order_id: str | None = None
    ) -> list[FillReport]:
        if self.reads_fail:
            raise ReadFailed(message="502")
        return [
            replace(fill, client_order_id="")
            for report in self.orders.values()
            for fill in report.fills
            if report.symbol == symbol and venue_order_id in {None, report.venue_order_id}
        ]
