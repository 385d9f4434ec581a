"""Ask the venue whose the orders were whose fills no row of ours explains."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from apps.orders.actions.store_facts import store_facts
from apps.orders.domain.client_ids import bears_our_mark
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.domain.closes import kind_of_name
from apps.portfolio.queries import foreign_fills
from apps.reconciliation.domain.authorship import author
from apps.reconciliation.domain.compare import order_json
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.domain.strangers import (
    OrderKey,
    earliest_ms,
    fill_of,
    order_key,
    own_or_foreign,
    seen_of,
    strangers,
    with_fills,
)
from apps.reconciliation.queries.strangers import instruments_of, suspects, told_before
from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

READ_SECONDS: Final = 90.0
# Orders asked for by the venue's id in a pass; the rest waits for the next.
ASKED_MAX: Final = 50
# an order is placed before it trades
BEFORE_MS: Final = 60_000


@dataclass(slots=True)
class Told:
    """What is left of the differences, how many fills the books took over, how many must wait."""

    differences: list[Difference]
    healed: int = 0
    waiting: int = 0
    taken: list[Difference] = field(default_factory=list)


def tell_strangers(
    *, account_id: UUID, gateway: Gateway, differences: Sequence[Difference]
) -> Told:
    """Return the differences with each foreign fill told by the venue's own word on its order.

    Lists of trades carry no client order id, so each order is asked for once by the venue's id, a
    bounded number in a pass; what is not asked yet waits and is no difference. What the venue
    closed by itself is booked as on the stream's word: an order row of the bots that held, their
    fills, a halt; where no bot held it stays foreign. An order with the desk's mark is a
    `lost_order`, with its bot where the id's hash proves it.

    :raises VenueError: when the venue cannot be read, which proves nothing.
    """
    told = Told(with_fills(differences))
    found = strangers(told.differences)
    before = told_before(account_id=account_id, keys=list(found)) if found else {}
    answers = {key: words for key, words in before.items() if "order_status" in words}
    new = {key: difference for key, difference in found.items() if key not in answers}
    if new:
        forced = call(_forced(gateway, new), timeout=READ_SECONDS)
        _take_over(account_id, new, forced, told)
        asked = [key for key in new if key not in forced][:ASKED_MAX]
        answers |= call(_ask(gateway, asked), timeout=READ_SECONDS)
        answers |= {key: order_words(report) for key, report in forced.items()}
    told.waiting = sum(key not in answers for key in found)
    told.differences = [
        own_or_foreign(d, answers[order_key(d.venue)], is_ours=_is_ours)
        if d.kind == "foreign_fill" else d
        for d in told.differences
        if d.kind != "foreign_fill" or order_key(d.venue) in answers
    ]  # fmt: skip
    _find_authors(account_id, told)
    return told


def order_words(report: OrderReport | None) -> dict[str, Any]:
    """Return the venue's word on an order as a case keeps it; `absent` when it knows none."""
    if report is None:
        return {"order_status": "absent"}
    return order_json(report) | {"order_status": report.status}


def _is_ours(name: str) -> bool:
    return bears_our_mark(name, settings.DESK_MARK_KEY)


async def _forced(
    gateway: Gateway, found: Mapping[OrderKey, Difference]
) -> dict[OrderKey, OrderReport]:
    """Return those orders among `found` that the venue made itself."""
    since = earliest_ms(found.values()) - BEFORE_MS
    reports: list[OrderReport] = []
    for symbol in sorted({symbol for symbol, _ in found if ":" in symbol}):
        reports += await gateway.forced_orders(symbol, since)
    named = {(report.symbol, report.venue_order_id): report for report in reports}
    return {k: r for k, r in named.items() if k in found and kind_of_name(r.client_order_id)}


async def _ask(gateway: Gateway, keys: Sequence[OrderKey]) -> dict[OrderKey, dict[str, Any]]:
    answers = await asyncio.gather(*(gateway.order_of_fill(*key) for key in keys))
    return {key: order_words(report) for key, report in zip(keys, answers, strict=True)}


def _take_over(
    account_id: UUID,
    found: Mapping[OrderKey, Difference],
    forced: Mapping[OrderKey, OrderReport],
    told: Told,
) -> None:
    if not forced:
        return
    # the trades stay as the venue lists them, without a name: its order's fact names them
    fills = [
        fill_of(fill, client_order_id="") for key in forced for fill in found[key].venue["fills"]
    ]
    store_facts(
        account_id=account_id, source="reconcile", orders=list(forced.values()), fills=fills
    )
    told.healed = absorb(account_id=account_id).fills
    left = {
        fact.venue_order_id
        for fact in foreign_fills(account_id=account_id, venue_order_ids=[k[1] for k in forced])
    }
    told.taken = [found[key] for key in forced if key[1] not in left]
    told.differences = [d for d in told.differences if d not in told.taken]


def _find_authors(account_id: UUID, told: Told) -> None:
    """Name the bot of each order of ours that the books lack, where its id proves it."""
    lost = [d for d in told.differences if d.kind in {"lost_order", "unknown_order"}]
    if not lost:
        return
    known = told_before(account_id=account_id, keys=[order_key(d.venue) for d in lost])
    bots = suspects(account_id=account_id)
    ids = instruments_of(account_id=account_id, symbols=[d.venue["symbol"] for d in lost])
    for difference in lost:
        before = known.get(order_key(difference.venue), {})
        if "author" in before:
            words = {"author": before["author"], "bot": before["bot"]}
        elif difference.venue["symbol"] in ids:
            seen = seen_of(account_id, ids[difference.venue["symbol"]], difference, lost)
            found = author(
                name=difference.subject, seen=seen, suspects=bots, key=settings.DESK_MARK_KEY
            )
            words = {"author": found.told(), "bot": found.slug} if found else {"author": {}, "bot": ""}  # fmt: skip
        else:
            words = {"author": {}, "bot": ""}
        named = replace(difference, venue={**difference.venue, **words})
        told.differences[told.differences.index(difference)] = named
