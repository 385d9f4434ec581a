"""What the families of venues that answer with ids only have in common."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.core.domain.money import ZERO, exact, plain
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import Terms


def taken(ticket: OrderTicket, venue_order_id: Any, terms: Terms) -> OrderReport:
    """Return the report of an order that the venue took and says no more of: open, nothing filled.

    :raises KeyError: when the venue names no id, which proves nothing.
    """
    if not venue_order_id:
        raise KeyError("venue_order_id")
    return OrderReport(
        client_order_id=ticket.client_order_id,
        venue_order_id=str(venue_order_id),
        symbol=ticket.symbol,
        status="open",
        side=ticket.side,
        type=ticket.type,
        amount=ticket.amount,
        filled=ZERO,
        cost=ZERO,
        price=ticket.price,
        stop_price=ticket.stop_price,
        at_ms=terms.at_ms,
        position_side=ticket.position_side,
        trailing_rate=ticket.trailing_rate,
    )


def some(text: Any) -> Decimal | None:
    """Return a number that may be missing: None for nothing, empty text, zero."""
    return None if text in {None, ""} else exact(str(text)) or None


def amount_of(text: Any) -> Decimal:
    """Return a number of which nothing means zero."""
    return some(text) or ZERO


def limit_price(ticket: OrderTicket) -> str | None:
    """Return the limit price as text; None for a market order."""
    if ticket.type.endswith("market") or ticket.price is None:
        return None
    return plain(ticket.price)


def trigger_of(ticket: OrderTicket) -> str:
    """Return the price that triggers a conditional order.

    :raises NeverSent: `STOP_PRICE_MISSING`.
    """
    if ticket.stop_price is None:
        raise NeverSent("STOP_PRICE_MISSING", type=ticket.type)
    return plain(ticket.stop_price)


def time_in_force(ticket: OrderTicket, known: frozenset[str]) -> str:
    """Return the time in force as venues spell it; a good-till-date order the desk cancels.

    :raises NeverSent: `TIME_IN_FORCE_UNKNOWN`.
    """
    word = "GTC" if ticket.time_in_force == "GTD" and "GTD" not in known else ticket.time_in_force
    if word not in known:
        raise NeverSent("TIME_IN_FORCE_UNKNOWN", time_in_force=ticket.time_in_force)
    return word
