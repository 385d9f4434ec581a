"""Cards 1–13: the clock, instruments, prices and the account's reads."""

from __future__ import annotations

from apps.core.clock import now, to_ms
from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.venues.gateways.errors import KeyDoesNotSign, NeverSent

DECK = Deck()
UNKNOWN = "0" * 31 + "1"


@DECK.card(1, "server time")
async def server_time(bench: Bench) -> None:
    """The venue's clock is within 5 s of ours."""
    skew = await bench.gateway.server_time_ms() - to_ms(now())
    check(abs(skew) < 5000, "the clocks differ", skew_ms=skew)


@DECK.card(2, "rules of the instrument")
async def rules(bench: Bench) -> None:
    """Tick, step and least amount of the instrument are known."""
    found = bench.rules
    check(found.price_tick > 0 and found.amount_step > 0, "no steps", rules=found)
    check(found.amount_min >= 0 and found.cost_min >= 0, "no least amount", rules=found)


@DECK.card(3, "instrument is tradable")
async def tradable(bench: Bench) -> None:
    """The venue says that the instrument trades, in the kind that was asked for."""
    check(bench.rules.is_tradable, "not tradable", rules=bench.rules)


@DECK.card(4, "quote")
async def quote(bench: Bench) -> None:
    """Best bid is below best ask and both are near the last price."""
    (found,) = await bench.gateway.quotes([bench.symbol])
    check(found.last > 0, "no last price", quote=found)
    if found.bid is not None and found.ask is not None:
        check(found.bid < found.ask, "crossed", quote=found)


@DECK.card(5, "closed candles")
async def candles(bench: Bench) -> None:
    """Candles come closed, in order, and with a range that holds open and close."""
    rows = await bench.gateway.candles(bench.symbol, "1h", None, 10)
    check(bool(rows), "no candles")
    check([row.ts for row in rows] == sorted({row.ts for row in rows}), "out of order")
    check(all(row.low <= min(row.open, row.close) for row in rows), "range", rows=rows)


@DECK.card(6, "balances")
async def balances(bench: Bench) -> None:
    """The account holds something to trade with."""
    found = await bench.gateway.balances()
    check(any(total > 0 for total in found.values()), "nothing held", balances=found)


@DECK.card(7, "unknown order is none")
async def unknown_order(bench: Bench) -> None:
    """An order that was never sent is none, which is no error."""
    check(await bench.gateway.order(bench.symbol, UNKNOWN) is None, "found")


@DECK.card(8, "cancel of an unknown order is none")
async def unknown_cancel(bench: Bench) -> None:
    """A cancel of an order that the venue does not know is none, which is no error."""
    check(await bench.gateway.cancel_order(bench.symbol, UNKNOWN) is None, "cancelled")


@DECK.card(9, "open orders of an instrument")
async def open_orders(bench: Bench) -> None:
    """The list of open orders can be read, of the instrument and of all."""
    one = await bench.gateway.open_orders(bench.symbol)
    every = await bench.gateway.open_orders()
    check({o.venue_order_id for o in one} <= {o.venue_order_id for o in every}, "lists differ")


@DECK.card(10, "no fills of the future")
async def no_fills(bench: Bench) -> None:
    """Fills since a time that has not come are none."""
    later = await bench.gateway.server_time_ms() + 1
    check(await bench.gateway.fills(bench.symbol, since_ms=later) == [], "fills")


@DECK.card(11, "bad key")
async def bad_key(bench: Bench) -> None:
    """A secret that is not ours is told apart from every other failure."""
    gateway = bench.other("f" * 64)
    try:
        await refused(gateway.balances(), KeyDoesNotSign)
    finally:
        await gateway.close()


@DECK.card(12, "unlisted instrument")
async def unlisted(bench: Bench) -> None:
    """An order for what the venue does not list never leaves."""
    await refused(bench.send(bench.ticket(symbol="NOSUCH/COIN", price=bench.last)), NeverSent)


@DECK.card(13, "mark and funding", kinds=("linear",))
async def mark(bench: Bench) -> None:
    """The quote of a perpetual carries its mark price and the coming funding."""
    (found,) = await bench.gateway.quotes([bench.symbol])
    check(found.mark is not None and found.funding_rate is not None, "missing", quote=found)
