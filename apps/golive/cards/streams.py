"""Cards 82–87: what the private and public streams tell."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from apps.golive.cards.bench import Bench, CardFailed, Deck, check
from apps.venues.domain.reports import FillReport, OrderReport

DECK = Deck()
PATIENCE_SECONDS = 5.0


@contextlib.asynccontextmanager
async def heard(bench: Bench) -> AsyncIterator[list[Any]]:
    """Give the list that fills with what the private stream says."""
    found: list[Any] = []
    live = asyncio.Event()

    async def listen() -> None:
        async for rows in bench.gateway.watch_private():
            found.extend(rows)
            live.set()

    task = asyncio.create_task(listen())
    try:
        await asyncio.wait_for(live.wait(), 15)
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def within(holds: Callable[[], bool], said: str) -> None:
    """Wait for something to become true.

    :raises CardFailed: after 5 s.
    """
    for _ in range(int(PATIENCE_SECONDS / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise CardFailed(said=said)


def told(found: list[Any], client_order_id: str, status: str) -> bool:
    """Return whether an order was told in a state."""
    return any(
        isinstance(item, OrderReport)
        and (item.client_order_id, item.status) == (client_order_id, status)
        for item in found
    )


@DECK.card(82, "stream tells a new order", streams=True)
async def new_order(bench: Bench) -> None:
    """A resting order is told on the private stream under our id."""
    async with heard(bench) as found:
        ticket = bench.ticket()
        await bench.send(ticket)
        await within(lambda: told(found, ticket.client_order_id, "open"), "not told")


@DECK.card(83, "stream tells a cancel", streams=True)
async def cancelled(bench: Bench) -> None:
    """A cancelled order is told on the private stream."""
    async with heard(bench) as found:
        ticket = bench.ticket()
        await bench.send(ticket)
        await bench.gateway.cancel_order(bench.symbol, ticket.client_order_id)
        await within(lambda: told(found, ticket.client_order_id, "canceled"), "not told")


@DECK.card(84, "stream tells fills", needs=("market",), streams=True)
async def fills(bench: Bench) -> None:
    """The stream's fills of an order add up to what it filled."""
    async with heard(bench) as found:
        report = await bench.market("buy")

        def whole() -> bool:
            told_fills = {
                item.venue_trade_id: item.amount
                for item in found
                if isinstance(item, FillReport) and item.venue_order_id == report.venue_order_id
            }
            return sum(told_fills.values()) == report.filled

        await within(whole, "fills are missing")


@DECK.card(85, "stream and REST name a fill alike", needs=("market",), streams=True)
async def same_fills(bench: Bench) -> None:
    """A fill has the same id, price and fee on the stream and over REST."""
    async with heard(bench) as found:
        report = await bench.market("buy")
        await within(lambda: any(isinstance(i, FillReport) for i in found), "no fill told")
        await asyncio.sleep(0.3)
    listed = {
        f.venue_trade_id: (f.price, f.amount, f.fee, f.fee_asset)
        for f in await bench.gateway.fills(bench.symbol, venue_order_id=report.venue_order_id)
    }
    streamed = {
        i.venue_trade_id: (i.price, i.amount, i.fee, i.fee_asset)
        for i in found
        if isinstance(i, FillReport) and i.venue_order_id == report.venue_order_id
    }
    check(streamed == listed, "they differ", streamed=streamed, listed=listed)


@DECK.card(86, "reconnect catches up", streams=True)
async def catches_up(bench: Bench) -> None:
    """What happened while the stream was away is found over REST, and the stream comes back."""
    async with heard(bench):
        pass
    ticket = bench.ticket()
    await bench.send(ticket)
    async with heard(bench) as found:
        missed = {order.client_order_id for order in await bench.gateway.open_orders(bench.symbol)}
        check(ticket.client_order_id in missed, "not found over REST")
        await bench.gateway.cancel_order(bench.symbol, ticket.client_order_id)
        await within(lambda: told(found, ticket.client_order_id, "canceled"), "not told again")


@DECK.card(87, "stream of prices", streams=True)
async def prices(bench: Bench) -> None:
    """The public stream is acknowledged."""
    rows: Callable[[], Awaitable[Any]] = anext_of(bench)
    await asyncio.wait_for(rows(), 15)


def anext_of(bench: Bench) -> Callable[[], Awaitable[Any]]:
    """Return a call that waits for the first word of the quote stream."""

    async def first() -> Any:
        stream = bench.gateway.watch_quotes([bench.symbol])
        async for rows in stream:
            return rows
        return None

    return first
