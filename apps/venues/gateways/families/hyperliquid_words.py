"""Orders in the words of Hyperliquid, its sentences that count as codes, and how its actions are signed."""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import plain
from apps.venues.domain.reports import OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import Meaning, Terms, VenueOrder
from apps.venues.gateways.families.shared import taken, time_in_force, trigger_of
from apps.venues.gateways.wire import Answer, signed_until

TIMES: Final = frozenset({"GTC", "IOC"})
TYPES: Final = frozenset(
    {"market", "limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"}
)
# an error is a sentence; these say that the order was not placed, or the action not taken
REFUSED: Final = (
    "Order must have minimum value", "Insufficient margin", "Insufficient spot balance",
    "Price must be divisible by tick size", "Reduce only order would increase position",
    "Post only order would have immediately matched", "Order could not immediately match",
    "Invalid TP/SL price", "No liquidity available for market order",
    "Order price cannot be more than", "Order has zero size", "Order has invalid size",
    "Order has invalid price", "Trading is halted", "Asset open interest at cap",
    "Cannot increase position", "Invalid leverage", "expiresAfter",
)  # fmt: skip
KEYS: Final = ("User or API Wallet", "L1 error: User or API Wallet", "Must deposit before")
LIMITED: Final = ("Too many cumulative requests", "Too many")
ABSENT: Final = ("Order was never placed, already canceled, or filled", "unknownOid")
MEANINGS: Final = {
    **dict.fromkeys(REFUSED, Meaning.REJECTED),
    **dict.fromkeys(KEYS, Meaning.KEY),
    **dict.fromkeys(LIMITED, Meaning.RATE_LIMITED),
    **dict.fromkeys(ABSENT, Meaning.NO_SUCH_ORDER),
}


class Unbrokered:
    """Actions that the exchange refuses when they come late, and none but our own."""

    async def initialize_client(self) -> bool:
        """Sign nothing: ccxt would approve its builder and set its referrer for the account."""
        return True

    def sign_l1_action(
        self, action: Any, nonce: Any, vaultAdress: Any = None, expiresAfter: Any = None  # noqa: N803 - ccxt's names
    ) -> Any:  # fmt: skip
        """Sign the action with the time until which the block may be taken."""
        until = expiresAfter if expiresAfter is not None else signed_until()
        return super().sign_l1_action(action, nonce, vaultAdress, until)  # type: ignore[misc]

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:
        """Name that time beside the signature."""
        words = dict(params or {})
        if path == "exchange" and (until := signed_until()) is not None:
            words["expiresAfter"] = until
        return super().sign(path, api, method, words)  # type: ignore[misc]


def code_of(answer: Answer) -> str:
    """Return the listed beginning of the answer's sentence, or the sentence itself."""
    text = _sentence(answer.json())
    return next((part for part in MEANINGS if text.startswith(part)), text)


def _sentence(found: Any) -> str:
    if found.get("status") == "err":
        return str(found.get("response", ""))
    if found.get("status") == "unknownOid":
        return "unknownOid"
    response = found.get("response")
    data = response.get("data") if isinstance(response, dict) else None
    statuses = data.get("statuses") if isinstance(data, dict) else None
    first = statuses[0] if statuses else {}
    return str(first.get("error", "")) if isinstance(first, dict) else ""


def client_id_of(client_order_id: str) -> str:
    """Return our id in the venue's form: 16 bytes in hex."""
    return f"0x{client_order_id}"


def ours_of(cloid: Any) -> str:
    """Return our id from the venue's form; empty where there is none."""
    return str(cloid or "").removeprefix("0x")


def order_of(ticket: OrderTicket, terms: Terms) -> VenueOrder:
    """Return a ticket in ccxt's words for Hyperliquid.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `STOP_PRICE_MISSING`,
        `PRICE_MISSING`.
    """
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    is_market = ticket.type.endswith("market")
    params: dict[str, Any] = {"clientOrderId": client_id_of(ticket.client_order_id)}
    if ticket.post_only:
        params["postOnly"] = True
    elif ticket.type == "limit" and (word := time_in_force(ticket, TIMES)) != "GTC":
        params["timeInForce"] = word
    price = ticket.price
    if ticket.type not in {"market", "limit"}:
        name = "stopLossPrice" if ticket.type.startswith("stop") else "takeProfitPrice"
        params[name] = trigger_of(ticket)
        price = ticket.stop_price if is_market else ticket.price
    if ticket.reduce_only and terms.kind == "linear":
        params["reduceOnly"] = True
    if price is None:
        raise NeverSent("PRICE_MISSING", type=ticket.type)
    return VenueOrder("market" if is_market else "limit", plain(price), params)


def accepted(info: Any, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Return the order that an answer says rests, filled or waits for its trigger.

    :raises KeyError: when the answer is not whole.
    """
    placed = info.get("resting") or info["filled"]
    return taken(ticket, placed["oid"], terms)


def acknowledged(answer: Any) -> None:
    """Check that the venue cancelled the order.

    :raises KeyError: when it does not say so.
    """
    if answer["info"] != "success":
        raise KeyError("success")
