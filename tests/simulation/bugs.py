"""Five planted bugs, each a desk that reads the venue wrongly in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apps.core.domain.money import ZERO
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from apps.venues.gateways.errors import OutcomeUnknown, Rejected
from tests.simulation.border import Border


class TimeoutIsRejection(Border):
    """What did not answer in time is taken for refused."""

    async def create_order(self, ticket: OrderTicket, **named: Any) -> OrderReport:
        try:
            return await super().create_order(ticket, **named)
        except OutcomeUnknown as error:
            raise Rejected(code="timeout", message=str(error)) from error


class ResendWithoutProof(Border):
    """What did not answer is sent once more."""

    async def create_order(self, ticket: OrderTicket, **named: Any) -> OrderReport:
        try:
            return await super().create_order(ticket, **named)
        except OutcomeUnknown:
            return await super().create_order(ticket)


class NotFoundIsCancelled(Border):
    """What the venue does not show is taken for cancelled."""

    async def order(self, symbol: str, client_order_id: str, **named: Any) -> OrderReport | None:
        found = await super().order(symbol, client_order_id, **named)
        if found is not None:
            return found
        return OrderReport(
            client_order_id=client_order_id, venue_order_id=f"gone-{client_order_id[:8]}",
            symbol=symbol, status="canceled", side="buy", type="limit", amount=ZERO,
            filled=ZERO, cost=ZERO, price=None, stop_price=None,
            at_ms=self.world.clock.ms,
        )  # fmt: skip


class FillCountedTwice(Border):
    """A fill in an answer has another number than the same fill in the trades and the stream."""

    async def create_order(self, ticket: OrderTicket, **named: Any) -> OrderReport:
        report = await super().create_order(ticket, **named)
        fills = tuple(replace(f, venue_trade_id=f"a{f.venue_trade_id}") for f in report.fills)
        return replace(report, fills=fills)


class AssumedFullFill(Border):
    """A market order that was taken is taken for filled, whatever the book could give."""

    async def create_order(self, ticket: OrderTicket, **named: Any) -> OrderReport:
        report = await super().create_order(ticket, **named)
        if ticket.type != "market" or not report.fills:
            return report
        first = report.fills[0]
        whole: FillReport = replace(first, amount=report.amount, cost=first.price * report.amount)
        return replace(report, status="closed", filled=report.amount, fills=(whole,))


BUGS = (
    TimeoutIsRejection,
    ResendWithoutProof,
    NotFoundIsCancelled,
    FillCountedTwice,
    AssumedFullFill,
)
