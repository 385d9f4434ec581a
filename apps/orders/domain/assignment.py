"""Which of our orders a fact speaks about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.orders.domain.rows import FactRow, KnownOrder


@dataclass(slots=True)
class Assignment:
    """Facts by what they mean for us; the venue's order ids are unique per symbol only."""

    ours: list[tuple[FactRow, KnownOrder]] = field(default_factory=list)
    foreign: list[FactRow] = field(default_factory=list)
    waiting: list[FactRow] = field(default_factory=list)


def assign(
    *, facts: Sequence[FactRow], orders: Iterable[KnownOrder], unnamed_symbols: frozenset[str]
) -> Assignment:
    """Return the facts of `orders`, foreign ones, and those that cannot be told yet.

    A fact without our id may belong to an order whose venue id we have not heard: it waits while
    its symbol is in `unnamed_symbols` (symbols with such orders).
    """
    by_name = {order.client_order_id: order for order in orders}
    by_venue_id = {
        (order.symbol, order.progress.venue_order_id): order
        for order in by_name.values()
        if order.progress.venue_order_id
    }
    for known in by_name.values():
        for number in known.other_ids:
            by_venue_id.setdefault((known.symbol, number), known)
    for fact in facts:
        named = by_name.get(fact.client_order_id)
        if named and fact.venue_order_id:
            by_venue_id.setdefault((named.symbol, fact.venue_order_id), named)
    assignment = Assignment()
    for fact in facts:
        symbol = fact.content["symbol"]
        order = by_name.get(fact.client_order_id) or by_venue_id.get((symbol, fact.venue_order_id))
        if order is not None:
            assignment.ours.append((fact, order))
        elif not fact.client_order_id and symbol in unnamed_symbols:
            assignment.waiting.append(fact)
        else:
            assignment.foreign.append(fact)
    return assignment
