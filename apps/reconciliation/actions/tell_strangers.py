"""Ask the venue whose the orders were whose fills no row of ours explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from apps.orders.actions.store_facts import store_facts
from apps.portfolio.actions.absorb import absorb
from apps.portfolio.domain.closes import kind_of_name
from apps.portfolio.queries import foreign_fills
from apps.reconciliation.domain.differences import Difference
from apps.reconciliation.domain.strangers import OrderKey, earliest_ms, fill_of, strangers
from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call

READ_SECONDS: Final = 90.0
# an order is placed before it trades
BEFORE_MS: Final = 60_000


@dataclass(slots=True)
class Told:
    """What is left of the differences, and how many fills the books took over."""

    differences: list[Difference]
    healed: int = 0
    taken: list[Difference] = field(default_factory=list)


def tell_strangers(
    *, account_id: UUID, gateway: Gateway, differences: Sequence[Difference]
) -> Told:
    """Return the differences with each foreign fill told by the venue's own word on its order.

    What the venue closed by itself is booked as on the stream's word: an order row of the bots that
    held, their fills, a halt. Where no bot held it stays a foreign fill.

    :raises VenueError: when the venue cannot be read, which proves nothing.
    """
    told = Told(list(differences))
    found = strangers(told.differences)
    if not found:
        return told
    forced = call(_forced(gateway, found), timeout=READ_SECONDS)
    _take_over(account_id, found, forced, told)
    return told


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
