"""What an order asks of a venue, and how a guarded market order is said with what venues have."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from apps.core.domain.money import ceil_to, floor_to
from apps.venues.domain.reports import OrderTicket

# types whose order rests or takes at a price of its own, so that a time in force means something
PRICED = frozenset({"limit", "stop_limit", "take_profit_limit"})


def features_of(ticket: OrderTicket) -> tuple[str, ...]:
    """Return the names (of `capabilities.FEATURES`) of all that a ticket needs."""
    asked = {
        ticket.type: True,
        ticket.time_in_force: ticket.type in PRICED or ticket.time_in_force == "GTD",
        "post_only": ticket.post_only,
        "reduce_only": ticket.reduce_only or ticket.close_position,
        "slippage_guard": ticket.worst_price is not None and ticket.type == "market",
    }
    return tuple(name for name, is_needed in asked.items() if is_needed)


def guarded(ticket: OrderTicket, *, price_tick: Decimal) -> OrderTicket:
    """Return a market ticket with a worst price as the limit IOC that keeps it.

    The limit is cut to the tick on the side that is never worse; any other ticket stays.
    """
    if ticket.type != "market" or ticket.worst_price is None:
        return ticket
    cut = floor_to if ticket.side == "buy" else ceil_to
    price = cut(ticket.worst_price, price_tick)
    return dataclasses.replace(
        ticket, type="limit", time_in_force="IOC", price=price, worst_price=None
    )
