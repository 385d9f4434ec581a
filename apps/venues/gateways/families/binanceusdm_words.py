"""Orders in the words of Binance USDⓈ-M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import Terms, VenueCall, VenueEdit, VenueOrder, Wanted
from apps.venues.gateways.families.binanceusdm_rows import TYPES

CONDITIONAL: Final = frozenset(
    {"stop_market", "stop_limit", "take_profit_market", "take_profit_limit", "trailing_stop_market"}
)
# a good-till-date order must live this much longer at the venue; a shorter one the desk cancels
GTD_MIN_MS: Final = 610_000
RATE_STEP: Final = Decimal("0.001")


def order_of(ticket: OrderTicket, terms: Terms) -> VenueOrder:
    """Return a ticket in the venue's words; amounts are in base units.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `TRAILING_RATE_OFF_STEP`,
        `STOP_PRICE_MISSING`.
    """
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    is_apart = ticket.type in CONDITIONAL
    params: dict[str, Any] = {
        "clientAlgoId" if is_apart else "newClientOrderId": ticket.client_order_id
    }
    params |= _holding(ticket, terms)
    if ticket.type == "trailing_stop_market":
        params |= _trailing(ticket)
    elif is_apart:
        if ticket.stop_price is None:
            raise NeverSent("STOP_PRICE_MISSING", type=ticket.type)
        params["triggerPrice"] = plain(ticket.stop_price)
    if ticket.type in {"limit", "stop_limit", "take_profit_limit"}:
        params |= _time_in_force(ticket, terms)
    price = None if ticket.type.endswith("market") or ticket.price is None else plain(ticket.price)
    return VenueOrder(type=TYPES[ticket.type], price=price, params=params)


def _holding(ticket: OrderTicket, terms: Terms) -> dict[str, Any]:
    """Return which position it is about: in hedge mode its side, in one-way `reduceOnly`."""
    if terms.position_mode == "hedge" and ticket.position_side:
        return {"positionSide": ticket.position_side.upper()}
    return {"reduceOnly": True} if ticket.reduce_only else {}


def _trailing(ticket: OrderTicket) -> dict[str, Any]:
    rate = ticket.trailing_rate or ZERO
    if rate <= 0 or rate % RATE_STEP:
        raise NeverSent("TRAILING_RATE_OFF_STEP", rate=str(rate), step=str(RATE_STEP))
    words = {"trailingPercent": plain(rate * 100)}
    if ticket.stop_price is not None:
        words["trailingTriggerPrice"] = plain(ticket.stop_price)
    return words


def _time_in_force(ticket: OrderTicket, terms: Terms) -> dict[str, Any]:
    if ticket.post_only:
        return {"timeInForce": "GTX"}
    if ticket.time_in_force == "GTD":
        if ticket.expires_at_ms is not None and ticket.expires_at_ms > terms.at_ms + GTD_MIN_MS:
            return {"timeInForce": "GTD", "goodTillDate": ticket.expires_at_ms}
        return {"timeInForce": "GTC"}
    if ticket.time_in_force not in {"GTC", "IOC", "FOK"}:
        raise NeverSent("TIME_IN_FORCE_UNKNOWN", time_in_force=ticket.time_in_force)
    return {"timeInForce": ticket.time_in_force}


def edit_of(ticket: OrderTicket, replaced: Wanted, _: Terms) -> VenueEdit:
    """Return a change of price and amount; the venue edits limit orders only and keeps ids.

    :raises NeverSent: `EDIT_NEEDS_LIMIT`.
    """
    if ticket.type != "limit" or ticket.price is None:
        raise NeverSent("EDIT_NEEDS_LIMIT", type=ticket.type)
    return VenueEdit(
        id=replaced.venue_order_id, type="limit", price=plain(ticket.price),
        params={"origClientOrderId": replaced.client_order_id},
    )  # fmt: skip


def forced_of(venue_symbol: str, since_ms: int) -> VenueCall:
    """Return how the orders are asked for that the venue made itself, both kinds of them."""
    named = {"symbol": venue_symbol} if venue_symbol else {}
    return VenueCall("fapiPrivateGetForceOrders", named | {"startTime": since_ms, "limit": 100})
