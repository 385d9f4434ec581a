"""What a card works with: one account, one instrument, the smallest tradable amounts."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from apps.core.domain.money import ceil_to, floor_to
from apps.core.errors import DeskError
from apps.venues.domain.capabilities import How, capability
from apps.venues.domain.reports import InstrumentRules, OrderReport, OrderTicket, PositionReport
from apps.venues.gateways.errors import VenueError
from apps.venues.gateways.gateway import Gateway

BOTH: Final = ("spot", "linear")
SETTLE_SECONDS: Final = 5.0
Act = Callable[..., Awaitable[Any]]


class CardFailed(DeskError):
    """The venue or the gateway did not do what the card says."""

    default_code = "CARD_FAILED"


class CardSkipped(DeskError):
    """The card cannot be shown here; nothing was proved."""

    default_code = "CARD_SKIPPED"


def check(holds: object, said: str, **seen: object) -> None:
    """Fail the card unless `holds`.

    :raises CardFailed: with what was seen.
    """
    if not holds:
        raise CardFailed(said=said, **{name: str(value) for name, value in seen.items()})


async def refused(call: Awaitable[Any], *kinds: type[VenueError]) -> VenueError:
    """Return the error of a call that must be refused in one of these ways.

    :raises CardFailed: when it was taken, or failed otherwise.
    """
    try:
        answer = await call
    except VenueError as error:
        check(isinstance(error, kinds), "refused otherwise", error=repr(error))
        return error
    raise CardFailed(said="was not refused", answer=str(answer)[:200])


@dataclass
class Bench:
    """A card's hands. `faults` arms a knob and `forward` moves the market, where that is ours."""

    gateway: Gateway
    rules: InstrumentRules
    other: Callable[[str], Gateway]
    faults: Act | None = None
    forward: Act | None = None
    last: Decimal = Decimal(0)
    placed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.rules.symbol

    def how(self, feature: str) -> How:
        """Return who does a feature at this venue."""
        return capability(venue=self.gateway.access.venue, kind=self.rules.kind).how(feature)

    async def look(self) -> None:
        """Read the price that the card's orders start from."""
        (quote,) = await self.gateway.quotes([self.symbol])
        self.last = quote.last

    def price(self, factor: str) -> Decimal:
        """Return the last price times a factor, on the tick."""
        return floor_to(self.last * Decimal(factor), self.rules.price_tick)

    def amount(self, times: int = 1) -> Decimal:
        """Return the smallest amount that may be traded at half the price, `times` over."""
        least = max(self.rules.amount_min, self.rules.amount_step)
        if self.rules.cost_min:
            least = max(least, self.rules.cost_min * Decimal("2.2") / self.last)
        return ceil_to(least, self.rules.amount_step) * times

    def ticket(self, **changes: Any) -> OrderTicket:
        """Return a limit buy far below the market, changed as asked."""
        base = OrderTicket(
            client_order_id=uuid4().hex, symbol=self.symbol, side="buy", type="limit",
            time_in_force="GTC", amount=self.amount(),
        )  # fmt: skip
        found = dataclasses.replace(base, **changes)
        if found.price is None and found.type.endswith("limit"):
            found = dataclasses.replace(found, price=self.price("0.8"))
        return found

    async def send(self, ticket: OrderTicket) -> OrderReport:
        """Send an order and remember it, so that it is cancelled afterwards."""
        self.placed.append((ticket.client_order_id, ticket.type))
        return await self.gateway.create_order(ticket)

    async def done(self, ticket: OrderTicket) -> OrderReport:
        """Send an order and return it as the venue knows it once it has ended."""
        report = await self.send(ticket)
        return report if report.status != "open" else await self.ended(ticket.client_order_id)

    async def ended(self, client_order_id: str) -> OrderReport:
        """Return an order when it is no longer open.

        :raises CardFailed: when it is still open, or unknown, after 5 s.
        """
        found = None
        for _ in range(int(SETTLE_SECONDS / 0.25)):
            found = await self.gateway.order(self.symbol, client_order_id)
            if found is not None and found.status != "open":
                return found
            await asyncio.sleep(0.25)
        raise CardFailed(said="did not end", order=str(found))

    async def market(self, side: str, times: int = 1, **more: Any) -> OrderReport:
        """Trade at the market."""
        return await self.done(
            self.ticket(side=side, type="market", amount=self.amount(times), **more)
        )

    async def hold(self) -> None:
        """Have something to sell: a spot balance or a long position."""
        await self.market("buy", 2)

    async def position(self, side: str = "") -> PositionReport | None:
        """Return the position of the instrument, None when flat."""
        found = await self.gateway.positions([self.symbol])
        return next((row for row in found if row.side == side), None)

    async def clean(self) -> None:
        """Cancel what the card left and close the position it opened."""
        for client_order_id, kind in self.placed:
            with contextlib.suppress(VenueError):
                await self.gateway.cancel_order(self.symbol, client_order_id, type=kind)
        self.placed.clear()
        if self.rules.kind != "linear":
            return
        for row in await self.gateway.positions([self.symbol]):
            side = "sell" if row.amount > 0 else "buy"
            await self.market_close(side, abs(row.amount), row.side)

    async def market_close(self, side: str, amount: Decimal, position_side: str) -> None:
        """Close a position at the market."""
        await self.done(
            self.ticket(side=side, type="market", amount=amount, reduce_only=True,
                        position_side=position_side)
        )  # fmt: skip
        self.placed.clear()


@dataclass(frozen=True, slots=True)
class Card:
    """One numbered proof: what it needs of the venue and what it shows when it passes."""

    number: int
    name: str
    run: Callable[[Bench], Awaitable[None]]
    kinds: tuple[str, ...] = BOTH
    needs: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    faults: bool = False
    forward: bool = False
    streams: bool = False

    @property
    def proves(self) -> str:
        """What it shows, from the docstring of its function."""
        return (self.run.__doc__ or "").strip().split("\n")[0]

    def missing(self, bench: Bench) -> str:
        """Return why it cannot be shown here; empty when it can."""
        if bench.rules.kind not in self.kinds:
            return f"not for {bench.rules.kind}"
        for feature in (*self.needs, *self.native):
            if bench.how(feature) is How.REFUSED:
                return f"the venue has no {feature}"
        for feature in self.native:
            if bench.how(feature) is not How.NATIVE:
                return f"{feature} is done by the desk"
        asked = (
            (self.faults and bench.faults is None, "faults cannot be ordered here"),
            (self.forward and bench.forward is None, "the market cannot be moved here"),
            (self.streams and not bench.gateway.traits.streams, "the venue is polled"),
        )
        return next((why for is_missing, why in asked if is_missing), "")


@dataclass
class Deck:
    """The cards of one module."""

    cards: list[Card] = field(default_factory=list)

    def card(self, number: int, name: str, **terms: Any) -> Callable[[Any], Any]:
        """Return a decorator that adds a function to the deck."""

        def add(run: Callable[[Bench], Awaitable[None]]) -> Callable[[Bench], Awaitable[None]]:
            self.cards.append(Card(number, name, run, **terms))
            return run

        return add
