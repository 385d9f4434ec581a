"""Orders, questions and cancels in the words of Bybit (v5, unified account)."""

from __future__ import annotations

from typing import Any, Final

from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import Terms, VenueCall, VenueOrder, Wanted
from apps.venues.gateways.families.shared import limit_price, taken, time_in_force, trigger_of

TYPES: Final = frozenset(
    {"market", "limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"}
)
TIMES: Final = frozenset({"GTC", "IOC", "FOK"})
POSITIONS: Final = {"long": 1, "short": 2}


def order_of(ticket: OrderTicket, terms: Terms) -> VenueOrder:
    """Return a ticket in ccxt's words for Bybit; a market amount is in base units.

    Its trailing stop belongs to a position, not to an order, so it cannot be said.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `STOP_PRICE_MISSING`.
    """
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    is_market = ticket.type.endswith("market")
    params: dict[str, Any] = {"clientOrderId": ticket.client_order_id}
    if ticket.post_only:
        params["postOnly"] = True
    elif not is_market and (word := time_in_force(ticket, TIMES)) != "GTC":
        params["timeInForce"] = word
    if ticket.type not in {"market", "limit"}:
        params["triggerPrice"] = trigger_of(ticket)
        if terms.kind == "linear":
            rises = (ticket.side == "buy") == ticket.type.startswith("stop")
            params["triggerDirection"] = "ascending" if rises else "descending"
    if terms.kind == "linear":
        params |= {"reduceOnly": True} if ticket.reduce_only else {}
        if terms.position_mode == "hedge" and ticket.position_side:
            params["positionIdx"] = POSITIONS[ticket.position_side]
    return VenueOrder("market" if is_market else "limit", limit_price(ticket), params)


def accepted(info: Any, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Return the order that an answer says was taken.

    :raises KeyError: when the answer is not whole.
    """
    return taken(ticket, info["orderId"], terms)


def _by_id(order: Wanted) -> dict[str, str]:
    if order.venue_order_id:
        return {"orderId": order.venue_order_id}
    return {"orderLinkId": order.client_order_id}


def find_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return where to look: among the open and the newest finished orders, then in the history."""
    params = {"category": terms.kind, "symbol": terms.venue_symbol} | _by_id(order)
    return [
        VenueCall("privateGetV5OrderRealtime", params),
        VenueCall("privateGetV5OrderHistory", params),
    ]


def rows_of(answer: Any) -> list[Any]:
    """Return the orders of an answer, each with its category.

    :raises KeyError: when the answer is not whole.
    """
    result = answer["result"]
    return [{**row, "category": result.get("category", "")} for row in result["list"]]


def cancel_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return how to cancel it; on spot, conditional orders are asked for apart."""
    params = {"category": terms.kind, "symbol": terms.venue_symbol} | _by_id(order)
    if terms.kind != "spot":
        return [VenueCall("privatePostV5OrderCancel", params)]
    return [
        VenueCall("privatePostV5OrderCancel", params | {"orderFilter": name})
        for name in ("Order", "StopOrder")
    ]
