"""The gateway's face over the in-process exchange, with everything that can fail on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from apps.simulator.domain.refusals import Refusal
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    OrderTicket,
    PositionReport,
)
from apps.venues.gateways.budget import Admission
from apps.venues.gateways.errors import (
    NeverSent,
    OutcomeUnknown,
    RateLimited,
    ReadFailed,
    Rejected,
    VenueError,
)
from tests.simulation.contracts import ContractExchange
from tests.simulation.spot import SpotExchange

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
LATENCY_SECONDS = 0.02
SLOW_SECONDS = 2.5
TIMEOUT_SECONDS = 3.9
LAG_MS = 1500
PAUSE_SECONDS = 30.0
WINDOW_MS = 4000


class Border:
    """Stands for `Gateway`: reads that fail have had their retries, order calls are sent once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._lags_until = 0
        self._cancels_refused_until = 0
        self.sent: list[str] = []
        self.cancelled: list[str] = []

    async def streams(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def admit_orders(self, *, entries: int = 0, exits: int = 0) -> Admission:
        return Admission(entries, exits)

    async def create_order(
        self, ticket: OrderTicket, *, permit_at_ms: int | None = None, **more: Any
    ) -> OrderReport:
        signed_at = permit_at_ms or self.world.clock.ms

        def act() -> OrderReport:
            return self._accepted(lambda: self.world.exchange.place(ticket), signed_at)

        report: OrderReport = await self._call("create", ticket.client_order_id, act)
        return report

    async def create_oco(
        self, stop: OrderTicket, target: OrderTicket, *, permit_at_ms: int | None = None
    ) -> list[OrderReport]:
        signed_at = permit_at_ms or self.world.clock.ms

        def act() -> list[OrderReport]:
            return self._accepted(lambda: self.world.exchange.place_pair(stop, target), signed_at)

        names = f"{stop.client_order_id} {target.client_order_id}"
        found: list[OrderReport] = await self._call("create", names, act)
        return found

    def _accepted(self, place: Callable[[], T], signed_at: int) -> T:
        """:raises VenueError: when the exchange refuses, or the request comes too late."""
        if self.world.exchange.now_ms() - signed_at > WINDOW_MS:
            raise _refused(Refusal(-1021, "Timestamp outside of the recvWindow."))
        try:
            return place()
        except Refusal as refusal:
            raise _refused(refusal) from refusal

    async def cancel_order(
        self, symbol: str, client_order_id: str, **more: Any
    ) -> OrderReport | None:
        act = lambda: self.world.exchange.cancel(symbol, client_order_id)  # noqa: E731
        self.cancelled.append(client_order_id)
        return await self._call("cancel", client_order_id, act)

    async def order(self, symbol: str, client_order_id: str, **more: Any) -> OrderReport | None:
        exchange = self.world.exchange

        def act() -> OrderReport | None:
            found = exchange.named(client_order_id, self._as_of())
            return found[-1] if found else None

        return await self._call("order", client_order_id, act)

    async def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        exchange = self.world.exchange

        def act() -> list[OrderReport]:
            shown = [o for o in exchange.orders(self._as_of()) if o.status == "open"]
            return [report for report in shown if symbol in {None, report.symbol}]

        return await self._call("open_orders", "", act)

    async def fills(
        self, symbol: str, since_ms: int | None = None, venue_order_id: str | None = None
    ) -> list[FillReport]:
        def act() -> list[FillReport]:
            return [
                fill
                for fill in self.world.exchange.fills(self._as_of())
                if fill.symbol == symbol
                and (since_ms is None or fill.at_ms >= since_ms)
                and venue_order_id in {None, fill.venue_order_id}
            ]

        return await self._call("fills", venue_order_id or "", act)

    async def balances(self) -> dict[str, Decimal]:
        return await self._call("balances", "", self.world.exchange.balances)

    async def order_of_fill(self, symbol: str, venue_order_id: str) -> OrderReport | None:
        act = lambda: self.world.exchange.numbered(venue_order_id, self._as_of())  # noqa: E731
        return await self._call("order", venue_order_id, act)

    # perpetuals only

    async def positions(self) -> list[PositionReport]:
        return await self._call("positions", "", self.world.contracts.positions)

    async def funding(self, symbol: str, since_ms: int) -> list[FundingReport]:
        def act() -> list[FundingReport]:
            paid = self.world.contracts.payments
            return [p for p in paid if p.symbol == symbol and p.at_ms >= since_ms]

        return await self._call("funding", symbol, act)

    async def forced_orders(self, symbol: str | None, since_ms: int) -> list[OrderReport]:
        exchange = self.world.exchange
        if not isinstance(exchange, ContractExchange):
            return []
        found = exchange.forced_orders()
        return [o for o in found if symbol in {None, o.symbol} and o.at_ms >= since_ms]

    async def position_mode(self) -> str:
        return self.world.exchange.market.position_mode

    async def set_margin_mode(self, symbol: str, mode: str) -> None:
        self.world.contracts.set(symbol, margin_mode=mode)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        self.world.contracts.set(symbol, leverage=leverage)

    def _as_of(self) -> int:
        clock = self.world.clock
        return clock.ms - LAG_MS if clock.ms < self._lags_until else clock.ms

    async def _call(self, place: str, about: str, act: Callable[[], Any]) -> Any:
        world = self.world
        if place == "create":
            self.sent += about.split()
        fault = world.faults.strike(place)
        world.trace(f"call {place} {about} {fault}".rstrip())
        unclear = OutcomeUnknown if place in {"create", "cancel"} else ReadFailed
        await asyncio.sleep(LATENCY_SECONDS)
        self._before(place, fault)
        if fault in {"lost_request", "unavailable_unsent"}:
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise unclear(message="timed out")
        if fault == "unavailable":
            meaning = world.faults.struck["unavailable"] % 3
            if meaning != 1:
                raise unclear(status=503, message="503" if meaning else "503 -1008")
        self._meanwhile(place, about, fault, act)
        answer = self._late_fill(about) if fault == "late_fill" else act()
        if fault == "early_fill" and place == "create":
            world.hear_beside()
        self._after(fault, unclear)
        if fault == "lost_answer":
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise unclear(message="timed out")
        await asyncio.sleep(SLOW_SECONDS if fault == "slow_answer" else LATENCY_SECONDS)
        return answer

    def _late_fill(self, name: str) -> OrderReport | None:
        exchange = self.world.exchange
        [order] = exchange.named(name)[-1:] or [None]
        if order is None:
            return None
        cancel = exchange.cancel_late if isinstance(exchange, SpotExchange) else exchange.cancel
        return cancel(order.symbol, name)

    def _meanwhile(self, place: str, about: str, fault: str, act: Callable[[], Any]) -> None:
        """Let happen what happens while the request is on its way."""
        world = self.world
        if fault == "crash_in_flight":
            world.clock.at(world.clock.ms + 3000, lambda: _quietly(act))
            world.crash("in flight")
        if fault == "paused_holder":
            world.pause(PAUSE_SECONDS)
        if fault == "halt":
            world.press_halt()
        if fault == "second_worker":
            world.beside()
        if fault == "early_fill":
            world.fill_first(place, about)

    def _before(self, place: str, fault: str) -> None:
        """Raise for what happens before the venue has done anything."""
        clock = self.world.clock
        if fault == "dns_failure":
            raise (NeverSent if place in {"create", "cancel"} else ReadFailed)(message="no address")
        if fault == "rate_limited":
            raise RateLimited(retry_after=1.0)
        if fault == "clock_skew":
            raise Rejected(code="-1021", message="Timestamp outside of the recvWindow.")
        if fault == "lagging_reads":
            self._lags_until = clock.ms + LAG_MS
        if fault == "refused_cancel":
            self._cancels_refused_until = clock.ms + 60_000
        if place == "cancel" and clock.ms < self._cancels_refused_until:
            raise Rejected(code="-1020", message="This operation is not supported.")

    def _after(self, fault: str, unclear: type[VenueError]) -> None:
        """Raise for what happens after the venue did its part."""
        if fault == "crash_before_store":
            self.world.crash("before the answer was stored")
        if fault == "unavailable":
            raise unclear(status=503, message="503 -1007")
        if fault == "cut_answer":
            raise unclear("ANSWER_NOT_WHOLE", message='{"symbol": "BTC')


def _refused(refusal: Refusal) -> VenueError:
    if "Duplicate order" in refusal.text:
        return OutcomeUnknown(venue_code="-2010", message=refusal.text)
    return Rejected(code=str(refusal.venue_code), message=refusal.text)


def _quietly(act: Callable[[], Any]) -> None:
    """Let a request arrive whose sender is gone: nobody hears the answer."""
    try:
        act()
    except VenueError:
        return
