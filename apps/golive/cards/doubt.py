"""Cards 74–80: what a broken call proves. They need an exchange whose faults can be ordered."""

from __future__ import annotations

import asyncio
import time

from apps.golive.cards.bench import Bench, Deck, check, refused
from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.errors import NeverSent, OutcomeUnknown, RateLimited

DECK = Deck()


async def struck(bench: Bench, kind: str, *, is_there: bool, **terms: object) -> OrderTicket:
    """Send an order into a fault that leaves it unknown, then look for it."""
    assert bench.faults is not None
    ticket = bench.ticket()
    await bench.faults({"kind": kind, "count": 1, **terms})
    await refused(bench.send(ticket), OutcomeUnknown)
    found = await bench.gateway.order(bench.symbol, ticket.client_order_id)
    check((found is not None) == is_there, "is there" if found else "is not there", order=found)
    return ticket


@DECK.card(74, "timeout after acceptance", faults=True)
async def after_acceptance(bench: Bench) -> None:
    """No answer is unknown, and the order that was accepted is then found."""
    await struck(bench, "timeout_after_accept", is_there=True, ms=4500)


@DECK.card(75, "timeout before acceptance", faults=True)
async def before_acceptance(bench: Bench) -> None:
    """No answer is unknown, and the order that never arrived is then none."""
    await struck(bench, "timeout_before_accept", is_there=False, ms=4500)


@DECK.card(76, "503 that took effect", faults=True)
async def ambiguous(bench: Bench) -> None:
    """A gateway's 503 is unknown, and the order is then found."""
    await struck(bench, "http_503_unknown", is_there=True)


@DECK.card(77, "empty answer", faults=True)
async def empty(bench: Bench) -> None:
    """An empty 200 is unknown, and the order is then found."""
    await struck(bench, "empty_answer", is_there=True)


@DECK.card(78, "answer cut short", faults=True)
async def cut(bench: Bench) -> None:
    """A 200 that breaks off is unknown, and the order is then found."""
    await struck(bench, "truncated_answer", is_there=True)


@DECK.card(79, "execution status unknown", faults=True)
async def status_unknown(bench: Bench) -> None:
    """The venue's own "status unknown" is unknown, and the order is then found."""
    await struck(bench, "status_unknown", is_there=True)


@DECK.card(80, "too many requests", faults=True)
async def rate_limited(bench: Bench) -> None:
    """A 429 is heeded: nothing was executed, and nothing is asked before its time."""
    assert bench.faults is not None
    ticket = bench.ticket()
    await bench.faults({"kind": "rate_limited", "count": 1, "ms": 1000})
    error = await refused(bench.send(ticket), RateLimited)
    assert isinstance(error, RateLimited)
    check(error.retry_after >= 1, "no time named", error=error)
    started = time.monotonic()
    found = await bench.gateway.order(bench.symbol, ticket.client_order_id)
    check(found is None, "it was executed", order=found)
    check(time.monotonic() - started > 0.5, "asked too early")


@DECK.card(81, "way to the venue lost", faults=True)
async def unreachable(bench: Bench) -> None:
    """An outage leaves an order unsent or unknown, never refused; afterwards it is none."""
    assert bench.faults is not None
    ticket = bench.ticket()
    await bench.faults({"kind": "dns_failure", "ms": 700})
    await refused(bench.send(ticket), OutcomeUnknown, NeverSent)
    await asyncio.sleep(0.8)
    check(await bench.gateway.order(bench.symbol, ticket.client_order_id) is None, "found")
