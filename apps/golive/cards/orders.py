"""Cards 14–37: market and limit orders, their times in force, fills and books."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.venues.domain.capabilities import How
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.errors import NotHere, Rejected

DECK = Deck()


async def fills_of(bench: Bench, report: OrderReport) -> list[FillReport]:
    """Return the fills of an order, waiting until they are listed."""
    found: list[FillReport] = []
    for _ in range(20):
        found = await bench.gateway.fills(bench.symbol, venue_order_id=report.venue_order_id)
        if sum(fill.amount for fill in found) >= report.filled:
            break
        await asyncio.sleep(0.25)
    return found


@DECK.card(14, "market buy", needs=("market",))
async def market_buy(bench: Bench) -> None:
    """A market order fills whole."""
    report = await bench.market("buy")
    check((report.status, report.filled) == ("closed", bench.amount()), "not whole", order=report)


@DECK.card(15, "market sell", needs=("market",))
async def market_sell(bench: Bench) -> None:
    """What was bought is sold at the market, whole."""
    await bench.hold()
    report = await bench.market("sell")
    check((report.status, report.filled) == ("closed", bench.amount()), "not whole", order=report)


@DECK.card(16, "found by our id after its fill", needs=("market",))
async def found_filled(bench: Bench) -> None:
    """A finished order is still found by our own id, with what it filled."""
    report = await bench.market("buy")
    found = await bench.gateway.order(bench.symbol, report.client_order_id)
    check(found is not None and found.filled == report.filled, "not found", order=found)


@DECK.card(17, "fills sum to the filled amount", needs=("market",))
async def fills_sum(bench: Bench) -> None:
    """The account's trades of an order add up to what the order says it filled."""
    report = await bench.market("buy")
    fills = await fills_of(bench, report)
    check(sum(f.amount for f in fills) == report.filled, "amounts differ", fills=fills)


@DECK.card(18, "fills sum to the cost", needs=("market",))
async def costs_sum(bench: Bench) -> None:
    """The account's trades of an order add up to its cost."""
    report = await bench.market("buy")
    fills = await fills_of(bench, report)
    found = await bench.ended(report.client_order_id)
    check(abs(sum(f.cost for f in fills) - found.cost) < bench.rules.price_tick, "costs differ")


@DECK.card(19, "a fill once", needs=("market",))
async def fill_ids(bench: Bench) -> None:
    """Each fill has an id of its own and names its order."""
    fills = await fills_of(bench, await bench.market("buy"))
    check(len({f.venue_trade_id for f in fills}) == len(fills) > 0, "ids repeat", fills=fills)


@DECK.card(20, "fee and its asset", needs=("market",))
async def fee(bench: Bench) -> None:
    """A taker's fill names what it paid, in which asset, and who took."""
    fills = await fills_of(bench, await bench.market("buy"))
    check(all(f.fee_asset and f.liquidity == "taker" for f in fills), "no fee", fills=fills)


@DECK.card(21, "spot balances move exactly", kinds=("spot",), needs=("market",))
async def balances_move(bench: Bench) -> None:
    """Base and quote change by amount, cost and fee, to the last digit."""
    before = await bench.gateway.balances()
    fills = await fills_of(bench, await bench.market("buy"))
    after = await bench.gateway.balances()
    moved = {bench.rules.base: Decimal(0), bench.rules.quote: Decimal(0)}
    for fill in fills:
        moved[bench.rules.base] += fill.amount
        moved[bench.rules.quote] -= fill.cost
        moved[fill.fee_asset] = moved.get(fill.fee_asset, Decimal(0)) - fill.fee
    for asset, change in moved.items():
        seen = after.get(asset, Decimal(0)) - before.get(asset, Decimal(0))
        check(seen == change, "moved otherwise", asset=asset, expected=change, seen=seen)


@DECK.card(22, "wallet moves exactly", kinds=("linear",), needs=("market",))
async def wallet_moves(bench: Bench) -> None:
    """The wallet changes by realised profit less fees, to the last digit."""
    before = await bench.gateway.balances()
    opened = await fills_of(bench, await bench.market("buy"))
    closed = await fills_of(bench, await bench.market("sell"))
    after = await bench.gateway.balances()
    asset = bench.rules.settle
    change = sum((f.realised or Decimal(0)) - f.fee for f in (*opened, *closed))
    check(after[asset] - before[asset] == change, "moved otherwise", expected=change)


@DECK.card(23, "limit rests")
async def limit_rests(bench: Bench) -> None:
    """A limit order away from the market rests open, unfilled."""
    report = await bench.send(bench.ticket())
    check((report.status, report.filled) == ("open", 0), "does not rest", order=report)


@DECK.card(24, "found by our id while it rests")
async def found_open(bench: Bench) -> None:
    """A resting order is found by our id with its price, amount and side."""
    ticket = bench.ticket()
    await bench.send(ticket)
    found = await bench.gateway.order(bench.symbol, ticket.client_order_id)
    check(found is not None, "not found")
    assert found is not None
    seen = (found.side, found.amount, found.price)
    check(seen == (ticket.side, ticket.amount, ticket.price), "differs", order=found)


@DECK.card(25, "listed among open orders")
async def listed(bench: Bench) -> None:
    """A resting order is listed under our id."""
    ticket = bench.ticket()
    await bench.send(ticket)
    found = {order.client_order_id for order in await bench.gateway.open_orders(bench.symbol)}
    check(ticket.client_order_id in found, "not listed")


@DECK.card(26, "cancel")
async def cancel(bench: Bench) -> None:
    """A cancelled order has ended, unfilled, and is no longer listed."""
    ticket = bench.ticket()
    await bench.send(ticket)
    report = await bench.gateway.cancel_order(bench.symbol, ticket.client_order_id)
    check(report is not None and report.status == "canceled", "not cancelled", order=report)
    found = {order.client_order_id for order in await bench.gateway.open_orders(bench.symbol)}
    check(ticket.client_order_id not in found, "still listed")


@DECK.card(27, "cancel twice")
async def cancel_twice(bench: Bench) -> None:
    """The second cancel of an order is none, not an error."""
    ticket = bench.ticket()
    await bench.send(ticket)
    await bench.gateway.cancel_order(bench.symbol, ticket.client_order_id)
    again = await bench.gateway.cancel_order(bench.symbol, ticket.client_order_id)
    check(again is None or again.status == "canceled", "cancelled again", order=again)


@DECK.card(28, "crossing limit fills at its price or better")
async def crossing(bench: Bench) -> None:
    """A limit above the market buys at once, never dearer than it says."""
    ticket = bench.ticket(price=bench.price("1.02"))
    report = await bench.done(ticket)
    check(report.status == "closed", "did not fill", order=report)
    check(report.cost <= report.filled * bench.price("1.02"), "dearer", order=report)


@DECK.card(29, "post-only rests", needs=("post_only",))
async def post_only(bench: Bench) -> None:
    """A post-only order away from the market rests."""
    report = await bench.send(bench.ticket(post_only=True))
    check(report.status == "open", "does not rest", order=report)


@DECK.card(30, "post-only never takes", needs=("post_only",))
async def post_only_crossing(bench: Bench) -> None:
    """A post-only order that would take is refused, or ends without a fill."""
    ticket = bench.ticket(post_only=True, price=bench.price("1.02"))
    try:
        report = await bench.done(ticket)
    except Rejected:
        return
    check((report.status != "closed", report.filled) == (True, 0), "took", order=report)


@DECK.card(31, "IOC away ends unfilled", needs=("IOC",))
async def ioc_away(bench: Bench) -> None:
    """An immediate-or-cancel order that finds nothing ends."""
    try:
        report = await bench.done(bench.ticket(time_in_force="IOC"))
    except Rejected:
        return
    check((report.status != "closed", report.filled) == (True, 0), "filled", order=report)


@DECK.card(32, "IOC takes", needs=("IOC",))
async def ioc_takes(bench: Bench) -> None:
    """An immediate-or-cancel order above the market fills."""
    report = await bench.done(bench.ticket(time_in_force="IOC", price=bench.price("1.02")))
    check(report.filled == bench.amount(), "did not fill", order=report)


@DECK.card(33, "FOK away does not fill", needs=("FOK",))
async def fok_away(bench: Bench) -> None:
    """A fill-or-kill order that finds nothing is refused or ends unfilled."""
    try:
        report = await bench.done(bench.ticket(time_in_force="FOK"))
    except Rejected:
        return
    check(report.filled == 0 and report.status != "closed", "filled", order=report)


@DECK.card(34, "FOK takes whole", needs=("FOK",))
async def fok_takes(bench: Bench) -> None:
    """A fill-or-kill order above the market fills whole."""
    report = await bench.done(bench.ticket(time_in_force="FOK", price=bench.price("1.02")))
    check(report.filled == bench.amount(), "did not fill", order=report)


@DECK.card(35, "GTD rests until its time", needs=("GTD",))
async def gtd(bench: Bench) -> None:
    """A good-till-date order is taken, by the venue or as one that the desk will cancel."""
    later = await bench.gateway.server_time_ms() + 3_600_000
    report = await bench.send(bench.ticket(time_in_force="GTD", expires_at_ms=later))
    check(report.status == "open", "does not rest", order=report)


@DECK.card(36, "edit in place", needs=("amend",))
async def amend(bench: Bench) -> None:
    """An edit changes price in place, or is refused where the desk cancels and sends anew."""
    ticket = bench.ticket()
    await bench.send(ticket)
    changed = bench.ticket(price=bench.price("0.81"))
    if How.NATIVE not in {bench.how("amend"), bench.how("edit")}:
        await refused(bench.gateway.edit_order(changed, ticket.client_order_id), NotHere)
        return
    report = await bench.gateway.edit_order(changed, ticket.client_order_id)
    check(report.price == changed.price, "price stays", order=report)


@DECK.card(37, "two at a time keep their ids")
async def two_at_once(bench: Bench) -> None:
    """Orders sent together come back each under its own id."""
    tickets = [bench.ticket(), bench.ticket(price=bench.price("0.82"))]
    reports = await asyncio.gather(*(bench.send(ticket) for ticket in tickets))
    ids = [report.client_order_id for report in reports]
    check(ids == [ticket.client_order_id for ticket in tickets], "ids differ", ids=ids)
