"""Orders in the words of Binance spot."""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import Terms, VenueCall, VenueOrder

TYPES: Final = {
    "market": "MARKET",
    "limit": "LIMIT",
    "stop_market": "STOP_LOSS",
    "stop_limit": "STOP_LOSS_LIMIT",
    "take_profit_market": "TAKE_PROFIT",
    "take_profit_limit": "TAKE_PROFIT_LIMIT",
}


def order_of(ticket: OrderTicket, _: Terms) -> VenueOrder:
    """Return a ticket in Binance's words; a market amount is in base units.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `TRAILING_RATE_OFF_STEP`.
    """
    params: dict[str, Any] = {
        "newClientOrderId": ticket.client_order_id,
        "newOrderRespType": "FULL",
    }
    if ticket.type == "trailing_stop_market":
        return _trailing(ticket, params)
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    is_market = ticket.type.endswith("market")
    type_ = TYPES[ticket.type]
    if ticket.stop_price is not None:
        params["stopPrice"] = plain(ticket.stop_price)
    if ticket.post_only:
        type_ = "LIMIT_MAKER"
    elif not is_market:
        params["timeInForce"] = time_in_force(ticket)
    price = None if is_market or ticket.price is None else plain(ticket.price)
    return VenueOrder(type=type_, price=price, params=params)


def time_in_force(ticket: OrderTicket) -> str:
    """Return the venue's word; it has no GTD, so the desk cancels such an order itself.

    :raises NeverSent: `TIME_IN_FORCE_UNKNOWN`.
    """
    if ticket.time_in_force not in {"GTC", "IOC", "FOK", "GTD"}:
        raise NeverSent("TIME_IN_FORCE_UNKNOWN", time_in_force=ticket.time_in_force)
    return "GTC" if ticket.time_in_force == "GTD" else ticket.time_in_force


def _trailing(ticket: OrderTicket, params: dict[str, Any]) -> VenueOrder:
    """Return a trailing stop: a stop with a delta in basis points.

    One that starts at an activation price starts when the price reaches it from the losing side,
    which the venue calls a take profit.
    """
    points = (ticket.trailing_rate or ZERO) * 10_000
    if points <= 0 or points != int(points):
        raise NeverSent("TRAILING_RATE_OFF_STEP", rate=str(ticket.trailing_rate), step="0.0001")
    params["trailingPercent"] = plain(points / 100)
    if ticket.stop_price is not None:
        params["trailingTriggerPrice"] = plain(ticket.stop_price)
    type_ = "STOP_LOSS" if ticket.stop_price is None else "TAKE_PROFIT"
    return VenueOrder(type=type_, price=None, params=params)


def pair_of(stop: OrderTicket, target: OrderTicket, terms: Terms) -> VenueCall:
    """Return both exits as one order list; the target must be a limit or a take profit.

    :raises NeverSent: `PAIR_DIFFERS` when side or amount are not the same.
    """
    if (stop.symbol, stop.side, stop.amount) != (target.symbol, target.side, target.amount):
        raise NeverSent("PAIR_DIFFERS", stop=stop.client_order_id, target=target.client_order_id)
    # of the two one rests above the market and one below
    above, below = (target, stop) if stop.side == "sell" else (stop, target)
    params = {
        "symbol": terms.venue_symbol,
        "side": stop.side.upper(),
        "quantity": plain(stop.amount),
        "listClientOrderId": f"l{stop.client_order_id[1:]}",
        "newOrderRespType": "FULL",
    }
    return VenueCall(
        "privatePostOrderListOco", params | _leg("above", above) | _leg("below", below)
    )


def _leg(where: str, ticket: OrderTicket) -> dict[str, str]:
    words = order_of(ticket, Terms())
    # a target that rests in the book must not take: the venue knows it as a maker only
    is_maker = ticket.type == "limit"
    leg = {f"{where}Type": "LIMIT_MAKER" if is_maker else words.type}
    leg[f"{where}ClientOrderId"] = ticket.client_order_id
    if words.price is not None:
        leg[f"{where}Price"] = words.price
    if "stopPrice" in words.params:
        leg[f"{where}StopPrice"] = words.params["stopPrice"]
    if words.price is not None and not is_maker:
        leg[f"{where}TimeInForce"] = words.params["timeInForce"]
    return leg
