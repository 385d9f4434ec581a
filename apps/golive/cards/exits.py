"""Cards 49–60: orders that wait for a price, and pairs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.golive.cards.orders import fills_of
from apps.venues.domain.capabilities import How
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NotHere, Rejected

DECK = Deck()


def leaving(bench: Bench, type_: str, trigger: str, limit: str = "", **more: Any) -> OrderTicket:
    """Return a sell that waits for a price, on perpetuals reduce-only."""
    return bench.ticket(
        side="sell", type=type_, stop_price=bench.price(trigger),
        price=bench.price(limit) if limit else None,
        reduce_only=bench.rules.kind == "linear", **more,
    )  # fmt: skip


async def rests(bench: Bench, ticket: OrderTicket) -> OrderReport:
    """Place a waiting order and find it by our id."""
    await bench.hold()
    await bench.send(ticket)
    found = await bench.gateway.order(bench.symbol, ticket.client_order_id)
    check(found is not None and found.status == "open", "does not rest", order=found)
    assert found is not None
    check(found.type == ticket.type, "another type", order=found)
    return found


@DECK.card(49, "stop market", needs=("stop_market",))
async def stop_market(bench: Bench) -> None:
    """A stop below the market rests with its trigger."""
    ticket = leaving(bench, "stop_market", "0.85")
    found = await rests(bench, ticket)
    check(found.stop_price == ticket.stop_price, "another trigger", order=found)


@DECK.card(50, "stop limit", needs=("stop_limit",))
async def stop_limit(bench: Bench) -> None:
    """A stop with a limit rests with both prices."""
    ticket = leaving(bench, "stop_limit", "0.85", "0.84")
    found = await rests(bench, ticket)
    check((found.stop_price, found.price) == (ticket.stop_price, ticket.price), "prices")


@DECK.card(51, "take profit market", needs=("take_profit_market",))
async def take_profit_market(bench: Bench) -> None:
    """A target above the market rests with its trigger."""
    ticket = leaving(bench, "take_profit_market", "1.15")
    found = await rests(bench, ticket)
    check(found.stop_price == ticket.stop_price, "another trigger", order=found)


@DECK.card(52, "take profit limit", needs=("take_profit_limit",))
async def take_profit_limit(bench: Bench) -> None:
    """A target with a limit rests with both prices."""
    ticket = leaving(bench, "take_profit_limit", "1.15", "1.14")
    found = await rests(bench, ticket)
    check((found.stop_price, found.price) == (ticket.stop_price, ticket.price), "prices")


@DECK.card(53, "trailing stop", needs=("trailing_stop_market",))
async def trailing(bench: Bench) -> None:
    """A trailing stop rests with its rate."""
    rate = Decimal("0.05")
    ticket = bench.ticket(
        side="sell", type="trailing_stop_market", trailing_rate=rate,
        reduce_only=bench.rules.kind == "linear",
    )  # fmt: skip
    found = await rests(bench, ticket)
    check(found.trailing_rate == rate, "another rate", order=found)


@DECK.card(54, "open orders include waiting ones", needs=("stop_market",))
async def listed(bench: Bench) -> None:
    """A stop is listed among the open orders under our id."""
    ticket = leaving(bench, "stop_market", "0.85")
    await rests(bench, ticket)
    found = {order.client_order_id for order in await bench.gateway.open_orders(bench.symbol)}
    check(ticket.client_order_id in found, "not listed")


@DECK.card(55, "cancel of a stop", needs=("stop_market",))
async def cancelled(bench: Bench) -> None:
    """A stop is cancelled by our id and is found cancelled."""
    ticket = leaving(bench, "stop_market", "0.85")
    await rests(bench, ticket)
    report = await bench.gateway.cancel_order(
        bench.symbol, ticket.client_order_id, type=ticket.type
    )
    check(report is not None and report.status == "canceled", "not cancelled", order=report)


@DECK.card(56, "a stop on the wrong side", needs=("stop_market",))
async def wrong_side(bench: Bench) -> None:
    """A stop that the market has passed is refused or sells at once; it does not wait."""
    await bench.hold()
    try:
        report = await bench.done(leaving(bench, "stop_market", "1.1"))
    except Rejected:
        return
    check(report.status != "open", "waits", order=report)


@DECK.card(57, "pair of stop and target", needs=("oco",))
async def pair(bench: Bench) -> None:
    """Both legs rest in one call, or the call is refused where the desk keeps the pair."""
    await bench.hold()
    stop = leaving(bench, "stop_market", "0.85")
    target = bench.ticket(side="sell", price=bench.price("1.15"))
    if bench.how("oco") is not How.NATIVE:
        await refused(bench.gateway.create_oco(stop, target), NotHere)
        return
    bench.placed += [(leg.client_order_id, leg.type) for leg in (stop, target)]
    placed = await bench.gateway.create_oco(stop, target)
    check([leg.status for leg in placed] == ["open", "open"], "not both", legs=placed)


@DECK.card(58, "a pair ends together", native=("oco",))
async def pair_ends(bench: Bench) -> None:
    """A cancel of one leg ends the other."""
    await bench.hold()
    stop = leaving(bench, "stop_market", "0.85")
    target = bench.ticket(side="sell", price=bench.price("1.15"))
    bench.placed += [(leg.client_order_id, leg.type) for leg in (stop, target)]
    await bench.gateway.create_oco(stop, target)
    await bench.gateway.cancel_order(bench.symbol, stop.client_order_id, type=stop.type)
    other = await bench.ended(target.client_order_id)
    check(other.status == "canceled", "the other lives", order=other)


async def triggered(bench: Bench) -> OrderReport:
    """Let the market fall until a stop has sold."""
    await bench.hold()
    ticket = leaving(bench, "stop_market", "0.9995")
    await bench.send(ticket)
    assert bench.forward is not None
    for _ in range(48):
        await bench.forward()
        found = await bench.gateway.order(bench.symbol, ticket.client_order_id)
        if found is not None and found.status != "open":
            return found
    return await bench.ended(ticket.client_order_id)


@DECK.card(59, "a stop triggers", needs=("stop_market",), forward=True)
async def triggers(bench: Bench) -> None:
    """A stop that the market reaches sells whole and is found by our first id."""
    report = await triggered(bench)
    check((report.status, report.filled) == ("closed", bench.amount()), "not whole", order=report)


@DECK.card(60, "fills of a triggered stop", needs=("stop_market",), forward=True)
async def triggered_fills(bench: Bench) -> None:
    """Fills are found under the order's second id where it has one, else under its first."""
    report = await triggered(bench)
    second = report.triggered_id or report.venue_order_id
    fills = await bench.gateway.fills(bench.symbol, venue_order_id=second)
    check(sum(fill.amount for fill in fills) == report.filled, "fills differ", fills=fills)
    check(all(fill.venue_order_id == second for fill in fills), "ids differ", fills=fills)
    check(await fills_of(bench, report) is not None, "unreadable")
