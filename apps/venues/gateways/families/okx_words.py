"""Orders, questions and cancels in the words of OKX (v5). Amounts of perpetuals are contracts.

Conditional and trailing orders are kept apart ("algo"): ids of their own, lists of their own, and
a second id once they trigger.
"""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent, Rejected
from apps.venues.gateways.families.base import Meaning, Terms, VenueCall, VenueOrder, Wanted
from apps.venues.gateways.families.okx_codes import MEANINGS
from apps.venues.gateways.families.shared import limit_price, taken, time_in_force, trigger_of

CONDITIONAL: Final = frozenset(
    {"stop_market", "stop_limit", "take_profit_market", "take_profit_limit"}
)
TYPES: Final = CONDITIONAL | {"market", "limit", "trailing_stop_market"}
TIMES: Final = frozenset({"GTC", "IOC", "FOK"})


def order_of(ticket: OrderTicket, terms: Terms) -> VenueOrder:
    """Return a ticket in ccxt's words for OKX.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `STOP_PRICE_MISSING`,
        `TRAILING_RATE_MISSING`.
    """
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    is_market = ticket.type.endswith("market")
    params: dict[str, Any] = {"clientOrderId": ticket.client_order_id} | _holding(ticket, terms)
    if ticket.post_only:
        params["postOnly"] = True
    elif ticket.type == "limit" and (word := time_in_force(ticket, TIMES)) != "GTC":
        params["timeInForce"] = word
    if ticket.type not in {"market", "limit"}:
        # the name by which that list knows our id
        params["algoClOrdId"] = ticket.client_order_id
    if ticket.type in CONDITIONAL:
        name = "stopLossPrice" if ticket.type.startswith("stop") else "takeProfitPrice"
        params[name] = trigger_of(ticket)
    if ticket.type == "trailing_stop_market":
        params |= _trailing(ticket)
    return VenueOrder("market" if is_market else "limit", limit_price(ticket), params)


def _holding(ticket: OrderTicket, terms: Terms) -> dict[str, Any]:
    """Return margin mode and position; ccxt would send a conditional spot order on margin."""
    if terms.kind == "spot":
        return {"tdMode": "cash"}
    words: dict[str, Any] = {"tdMode": terms.margin_mode}
    if terms.position_mode == "hedge" and ticket.position_side:
        return words | {"posSide": ticket.position_side}
    return words | ({"reduceOnly": True} if ticket.reduce_only else {})


def _trailing(ticket: OrderTicket) -> dict[str, str]:
    rate = ticket.trailing_rate or ZERO
    if rate <= 0:
        raise NeverSent("TRAILING_RATE_MISSING", rate=str(rate))
    words = {"trailingPercent": plain(rate * 100)}
    if ticket.stop_price is not None:
        words["activePx"] = plain(ticket.stop_price)
    return words


def accepted(info: Any, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Return the order that an answer says was taken; a 200 may still refuse its only item.

    :raises Rejected: the item's own code says that nothing happened.
    :raises KeyError: when the answer is not whole, or the code proves nothing.
    """
    code = str(info.get("sCode") or "0")
    if MEANINGS.get(code) is Meaning.REJECTED:
        raise Rejected(code=code, message=str(info.get("sMsg", "")))
    if code != "0":
        raise KeyError(code)
    return taken(ticket, info.get("ordId") or info.get("algoId"), terms)


def find_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return where to look: among the orders, then among the conditional ones."""
    named = {"instId": terms.venue_symbol}
    if order.venue_order_id:
        return [VenueCall("privateGetTradeOrder", named | {"ordId": order.venue_order_id})]
    return [
        VenueCall("privateGetTradeOrder", named | {"clOrdId": order.client_order_id}),
        VenueCall("privateGetTradeOrderAlgo", {"algoClOrdId": order.client_order_id}),
    ]


def rows_of(answer: Any) -> list[Any]:
    """Return the orders of an answer.

    :raises KeyError: when the answer is not whole.
    """
    return list(answer["data"])


def cancel_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return how to cancel it: as an order, then as a conditional one."""
    named = {"instId": terms.venue_symbol}
    return [
        VenueCall("privatePostTradeCancelOrder", named | {"clOrdId": order.client_order_id}),
        VenueCall("privatePostTradeCancelAlgos", [named | {"algoClOrdId": order.client_order_id}]),
    ]


def acknowledged(answer: Any) -> None:
    """Check that every item of the answer to a cancel was taken.

    :raises KeyError: when one was not, or the answer is not whole.
    """
    items = answer["data"]
    if not items or any(str(item["sCode"]) != "0" for item in items):
        raise KeyError("sCode")
