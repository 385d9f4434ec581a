"""Cards 38–48: what is refused, by whom, and that nothing happened."""

from __future__ import annotations

import dataclasses

from apps.core.clock import now, to_ms
from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.venues.domain.capabilities import How
from apps.venues.gateways.errors import NeverSent, NotHere, OutcomeUnknown, Rejected

DECK = Deck()


async def absent(bench: Bench, client_order_id: str) -> None:
    """Check that the venue has no such order open."""
    found = await bench.gateway.order(bench.symbol, client_order_id)
    check(found is None or found.status in {"rejected", "expired"}, "it is there", order=found)


@DECK.card(38, "off the tick")
async def off_tick(bench: Bench) -> None:
    """A price off the tick never leaves, it is not rounded."""
    ticket = bench.ticket(price=bench.price("0.8") + bench.rules.price_tick / 3)
    await refused(bench.send(ticket), NeverSent)


@DECK.card(39, "off the step")
async def off_step(bench: Bench) -> None:
    """An amount off the step never leaves, it is not cut."""
    ticket = bench.ticket(amount=bench.amount() + bench.rules.amount_step / 3)
    await refused(bench.send(ticket), NeverSent)


@DECK.card(40, "below the least cost or amount")
async def too_small(bench: Bench) -> None:
    """An order that is too small is refused and does not exist."""
    ticket = bench.ticket(amount=bench.rules.amount_step, price=bench.price("0.5"))
    floor = max(bench.rules.cost_min, bench.rules.amount_min * bench.last)
    if ticket.amount * bench.last >= floor:
        ticket = dataclasses.replace(ticket, amount=bench.rules.amount_step / 10)
    await refused(bench.send(ticket), Rejected, NeverSent)
    await absent(bench, ticket.client_order_id)


@DECK.card(41, "insufficient funds")
async def insufficient(bench: Bench) -> None:
    """An order beyond the balance is a refusal that proves that nothing happened."""
    held = max((await bench.gateway.balances()).values())
    wanted = held * 300 / bench.last
    ticket = bench.ticket(amount=wanted - wanted % bench.rules.amount_step)
    await refused(bench.send(ticket), Rejected)
    await absent(bench, ticket.client_order_id)


@DECK.card(42, "unknown order type")
async def unknown_type(bench: Bench) -> None:
    """What the venue's row lacks is refused with a code before anything leaves."""
    await refused(bench.send(bench.ticket(type="iceberg", price=bench.last)), NotHere)


@DECK.card(43, "late signature")
async def late(bench: Bench) -> None:
    """A request that is signed for a minute ago is refused, and there is no order."""
    ticket = bench.ticket()
    bench.placed.append((ticket.client_order_id, ticket.type))
    await refused(bench.gateway.create_order(ticket, permit_at_ms=to_ms(now()) - 60_000), Rejected)
    await absent(bench, ticket.client_order_id)


@DECK.card(44, "an id is not taken twice")
async def duplicate(bench: Bench) -> None:
    """The same id sent again while it rests makes no second order."""
    ticket = bench.ticket()
    await bench.send(ticket)
    await refused(bench.gateway.create_order(ticket), Rejected, OutcomeUnknown)
    found = await bench.gateway.open_orders(bench.symbol)
    same = [order for order in found if order.client_order_id == ticket.client_order_id]
    check(len(same) == 1, "more than one", orders=same)


@DECK.card(45, "market order within its worst price", needs=("slippage_guard",))
async def guard_holds(bench: Bench) -> None:
    """A guarded market order fills, never beyond its worst price."""
    worst = bench.price("1.02")
    report = await bench.market("buy", worst_price=worst)
    check(report.filled == bench.amount(), "did not fill", order=report)
    check(report.cost <= report.filled * worst, "beyond its guard", order=report)


@DECK.card(46, "market order past its worst price", needs=("slippage_guard",))
async def guard_stops(bench: Bench) -> None:
    """A guarded market order that the market has passed ends without a fill."""
    try:
        report = await bench.market("buy", worst_price=bench.price("0.9"))
    except Rejected:
        return
    check(report.filled == 0 and report.status != "closed", "filled", order=report)


@DECK.card(47, "cancel all", needs=("cancel_all",))
async def cancel_all(bench: Bench) -> None:
    """All open orders of the instrument end, by the venue's call or one by one by the desk."""
    for _ in range(2):
        await bench.send(bench.ticket())
    await bench.gateway.cancel_all(bench.symbol)
    check(await bench.gateway.open_orders(bench.symbol) == [], "some are left")


@DECK.card(48, "hedge mode where the venue lacks it")
async def no_hedge(bench: Bench) -> None:
    """An order for a side of its own is refused where positions have none."""
    if bench.how("hedge_mode") is not How.REFUSED:
        return
    access = bench.gateway.access
    bench.gateway.access = dataclasses.replace(access, position_mode="hedge")
    try:
        await refused(bench.send(bench.ticket(position_side="long")), NotHere)
    finally:
        bench.gateway.access = access
