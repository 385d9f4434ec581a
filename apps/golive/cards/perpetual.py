"""Cards 61–72: positions of perpetuals, their settings and funding."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.golive.cards.orders import fills_of
from apps.venues.gateways.errors import NeverSent, Rejected

DECK = Deck()
LINEAR = ("linear",)


@DECK.card(61, "leverage", kinds=LINEAR)
async def leverage(bench: Bench) -> None:
    """Leverage is set, and holds for the next position."""
    await bench.gateway.set_leverage(bench.symbol, 5)
    await bench.market("buy")
    held = await bench.position()
    check(held is not None and held.leverage in {None, Decimal(5)}, "another", position=held)


@DECK.card(62, "margin mode twice", kinds=LINEAR)
async def margin_mode(bench: Bench) -> None:
    """Setting the margin mode that already holds is no error."""
    mode = bench.gateway.access.margin_mode
    for _ in range(2):
        await bench.gateway.set_margin_mode(bench.symbol, mode)


@DECK.card(63, "position mode", kinds=LINEAR)
async def position_mode(bench: Bench) -> None:
    """The account's position mode is read and may be set again as it is."""
    mode = await bench.gateway.position_mode()
    check(mode == bench.gateway.access.position_mode, "another", mode=mode)
    await bench.gateway.set_position_mode(mode)


@DECK.card(64, "long", kinds=LINEAR)
async def long(bench: Bench) -> None:
    """A buy opens a position with a positive amount and an entry price."""
    report = await bench.market("buy")
    held = await bench.position()
    check(held is not None and held.amount == report.filled, "another amount", position=held)
    assert held is not None
    check(bool(held.entry_price), "no entry price", position=held)


@DECK.card(65, "short", kinds=LINEAR)
async def short(bench: Bench) -> None:
    """A sell opens a position with a negative amount."""
    report = await bench.market("sell")
    held = await bench.position()
    check(held is not None and held.amount == -report.filled, "another amount", position=held)


@DECK.card(66, "flip", kinds=LINEAR)
async def flip(bench: Bench) -> None:
    """A sell of twice the position turns it from long to short."""
    await bench.market("buy")
    await bench.market("sell", 2)
    held = await bench.position()
    check(held is not None and held.amount == -bench.amount(), "did not turn", position=held)


@DECK.card(67, "flat is not listed", kinds=LINEAR)
async def flat(bench: Bench) -> None:
    """A closed position is no longer listed."""
    await bench.market("buy")
    await bench.market("sell", reduce_only=True)
    check(await bench.position() is None, "still listed")


@DECK.card(68, "reduce-only when flat", kinds=LINEAR, native=("reduce_only",))
async def reduce_flat(bench: Bench) -> None:
    """A reduce-only order without a position is refused or ends unfilled; it opens nothing."""
    try:
        report = await bench.market("sell", reduce_only=True)
        check(report.filled == 0, "filled", order=report)
    except Rejected:
        pass
    check(await bench.position() is None, "opened a position")


@DECK.card(69, "reduce-only never turns", kinds=LINEAR, native=("reduce_only",))
async def reduce_more(bench: Bench) -> None:
    """A reduce-only order of more than the position sells the position and no more."""
    await bench.market("buy")
    try:
        await bench.market("sell", 3, reduce_only=True)
    except Rejected:
        return
    held = await bench.position()
    check(held is None or held.amount >= 0, "turned", position=held)


@DECK.card(70, "realised profit", kinds=LINEAR)
async def realised(bench: Bench) -> None:
    """A closing fill tells what the venue booked as profit."""
    opened = await fills_of(bench, await bench.market("buy"))
    closed = await fills_of(bench, await bench.market("sell"))
    check(all(fill.realised is not None for fill in closed), "untold", fills=closed)
    seen = sum((fill.realised or Decimal(0) for fill in closed), Decimal(0))
    wanted = sum((f.cost for f in closed), Decimal(0)) - sum(f.cost for f in opened)
    check(abs(seen - wanted) <= bench.rules.price_tick, "differs", seen=seen, wanted=wanted)


@DECK.card(71, "funding history", kinds=LINEAR)
async def funding(bench: Bench) -> None:
    """Funding payments are read oldest first, each with an id and an asset."""
    rows = await bench.gateway.funding(bench.symbol, None)
    check([r.at_ms for r in rows] == sorted(r.at_ms for r in rows), "out of order", rows=rows)
    check(all(row.venue_id and row.asset for row in rows), "unnamed", rows=rows)


@DECK.card(72, "hedge mode holds both sides", kinds=LINEAR, native=("hedge_mode",))
async def hedge(bench: Bench) -> None:
    """In hedge mode a long and a short stand beside each other; then the mode is set back."""
    access = bench.gateway.access
    await bench.gateway.set_position_mode("hedge")
    bench.gateway.access = dataclasses.replace(access, position_mode="hedge")
    try:
        await bench.market("buy", position_side="long")
        await bench.market("sell", position_side="short")
        sides = [await bench.position(side) for side in ("long", "short")]
        check(all(sides), "not both", positions=sides)
        await bench.clean()
    finally:
        bench.gateway.access = access
        await bench.gateway.set_position_mode(access.position_mode)


@DECK.card(73, "absurd leverage", kinds=LINEAR)
async def absurd(bench: Bench) -> None:
    """A leverage that no venue has is refused, by ccxt or by the venue."""
    await refused(bench.gateway.set_leverage(bench.symbol, 100_000), Rejected, NeverSent)
