"""Kraken spot: codes, order words and rows.

Its codes are words ("EOrder:Insufficient funds"). Our id goes as `cl_ord_id` in its short UUID form
and is asked for by it. A request is refused by `deadline` when it comes late; cancels have none.
Fees are taken in quote (`fciq`), which the rows of trades do not name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact, plain
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket, VenueStatus
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import (
    IN_QUOTE,
    Budget,
    Family,
    Meaning,
    Terms,
    VenueCall,
    VenueOrder,
    Wanted,
)
from apps.venues.gateways.families.shared import (
    amount_of,
    limit_price,
    some,
    taken,
    time_in_force,
    trigger_of,
)
from apps.venues.gateways.wire import Answer

TIMES: Final = frozenset({"GTC", "IOC", "GTD"})
TYPES: Final = {
    "market": "market",
    "limit": "limit",
    "stop-loss": "stop_market",
    "stop-loss-limit": "stop_limit",
    "take-profit": "take_profit_market",
    "take-profit-limit": "take_profit_limit",
    "trailing-stop": "trailing_stop_market",
}
STATUSES: Final[dict[str, VenueStatus]] = {
    "pending": "open",
    "open": "open",
    "closed": "closed",
    "canceled": "canceled",
    "expired": "expired",
}
# "EService:Unavailable", "Busy", "Deadline elapsed", "EGeneral:Internal error" prove nothing
REFUSED: Final = (
    "EOrder:Insufficient funds", "EOrder:Insufficient margin", "EOrder:Cost minimum not met",
    "EOrder:Order minimum not met", "EOrder:Tick size check failed", "EOrder:Invalid order",
    "EOrder:Invalid price", "EOrder:Post only order", "EOrder:Orders limit exceeded",
    "EOrder:Positions limit exceeded", "EOrder:Margin allowance exceeded", "EOrder:Trading agreement",
    "EOrder:Reduce only", "EGeneral:Invalid arguments", "EService:Market in", "EQuery:Unknown asset",
    "EQuery:Unknown asset pair", "EAPI:Invalid nonce",
)  # fmt: skip
KEYS: Final = ("EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied")
LIMITED: Final = (
    "EAPI:Rate limit exceeded", "EOrder:Rate limit exceeded", "EGeneral:Temporary lockout",
    "EGeneral:Too many requests", "EOrder:Domain rate limit exceeded",
)  # fmt: skip
MEANINGS: Final = {
    **dict.fromkeys(REFUSED, Meaning.REJECTED),
    **dict.fromkeys(KEYS, Meaning.KEY),
    **dict.fromkeys(LIMITED, Meaning.RATE_LIMITED),
    "EOrder:Unknown order": Meaning.NO_SUCH_ORDER,
}


def code_of(answer: Answer) -> str:
    """Return the listed error that the first of the answer's begins with, else that one whole."""
    found = answer.json().get("error") or [""]
    text = str(found[0] if isinstance(found, list) else found)
    listed = [code for code in MEANINGS if text.startswith(code)]
    return max(listed, key=len) if listed else text


def order_of(ticket: OrderTicket, _: Terms) -> VenueOrder:
    """Return a ticket in ccxt's words for Kraken.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `STOP_PRICE_MISSING`,
        `TRAILING_RATE_MISSING`, `ACTIVATION_NOT_HERE`.
    """
    if ticket.type not in TYPES.values():
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    params: dict[str, Any] = {"clientOrderId": ticket.client_order_id, "oflags": "fciq"}
    if ticket.post_only:
        params["postOnly"] = True
    elif ticket.type == "limit":
        params |= _lifetime(ticket)
    if ticket.type == "trailing_stop_market":
        params |= _trailing(ticket)
    elif ticket.type.startswith(("stop", "take_profit")):
        name = "stopLossPrice" if ticket.type.startswith("stop") else "takeProfitPrice"
        params[name] = trigger_of(ticket)
    kind = "market" if ticket.type.endswith("market") else "limit"
    return VenueOrder(kind, limit_price(ticket), params)


def _lifetime(ticket: OrderTicket) -> dict[str, str]:
    word = time_in_force(ticket, TIMES)
    if word == "GTC":
        return {}
    if word == "GTD" and ticket.expires_at_ms is None:
        raise NeverSent("EXPIRY_MISSING", time_in_force=word)
    expiry = {"expiretm": str((ticket.expires_at_ms or 0) // 1000)} if word == "GTD" else {}
    return {"timeInForce": word} | expiry


def _trailing(ticket: OrderTicket) -> dict[str, str]:
    if ticket.stop_price is not None:
        # the venue would start at once, and ccxt drops the words without an error
        raise NeverSent("ACTIVATION_NOT_HERE", type=ticket.type)
    if not ticket.trailing_rate:
        raise NeverSent("TRAILING_RATE_MISSING", rate=str(ticket.trailing_rate))
    return {"trailingPercent": plain(ticket.trailing_rate * 100)}


def signed_with(at_ms: int, window_ms: int) -> dict[str, Any]:
    """Return until when the matching engine may take the request."""
    until = datetime.fromtimestamp((at_ms + window_ms) / 1000, tz=UTC)
    return {"deadline": until.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"}


def accepted(info: Any, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Return the order that an answer says was taken.

    :raises KeyError: when the answer is not whole.
    """
    return taken(ticket, info["txid"][0], terms)


def find_of(order: Wanted, _: Terms) -> list[VenueCall]:
    """Return where to look: among the open orders, then among the closed ones."""
    if order.venue_order_id:
        return [VenueCall("privatePostQueryOrders", {"txid": order.venue_order_id})]
    params = {"cl_ord_id": order.client_order_id}
    return [
        VenueCall("privatePostOpenOrders", params),
        VenueCall("privatePostClosedOrders", params),
    ]


def rows_of(answer: Any) -> list[Any]:
    """Return the orders of an answer, each with its id.

    :raises KeyError: when the answer is not whole.
    """
    result = answer["result"]
    orders = result.get("open", result.get("closed", result))
    return [{**row, "id": txid} for txid, row in orders.items()]


def cancel_of(order: Wanted, _: Terms) -> list[VenueCall]:
    """Return how to cancel it."""
    return [VenueCall("privatePostCancelOrder", {"cl_ord_id": order.client_order_id})]


def read_order(row: Any) -> OrderReport:
    """Return an order of a list; a finished one that did not fill whole was cancelled.

    :raises KeyError: when the row is not whole.
    """
    words = row["descr"]
    kind = TYPES.get(words["ordertype"], words["ordertype"])
    amount, filled = exact(row["vol"]), exact(row["vol_exec"])
    status = STATUSES[row["status"]]
    if status == "closed" and filled < amount:
        status = "canceled"
    has_trigger = kind.startswith(("stop", "take_profit"))
    price = some(words["price2"] if has_trigger else words["price"]) if "%" not in (
        words["price"] + words["price2"]
    ) else None  # fmt: skip
    return OrderReport(
        client_order_id=row.get("cl_ord_id") or "",
        venue_order_id=row["id"],
        symbol=words["pair"],
        status=status,
        side=words["type"],
        type=kind,
        amount=amount,
        filled=filled,
        cost=amount_of(row["cost"]),
        price=price if kind.endswith("limit") else None,
        stop_price=some(words["price"]) if has_trigger else None,
        at_ms=_ms(row.get("closetm") or row["opentm"]),
        trailing_rate=_rate(words["price"]) if kind == "trailing_stop_market" else None,
    )


def _ms(seconds: Any) -> int:
    return int(Decimal(str(seconds)) * 1000)


def _rate(text: str) -> Decimal | None:
    return exact(text.strip("+%")) / 100 if text.endswith("%") else None


def read_fill(row: Any) -> FillReport:
    """Return a trade of the history; its fee is in quote and positive when paid.

    :raises KeyError: when the row is not whole.
    """
    return FillReport(
        symbol=row["pair"],
        venue_order_id=row["ordertxid"],
        venue_trade_id=row["id"],
        client_order_id="",
        side=row["type"],
        price=exact(row["price"]),
        amount=exact(row["vol"]),
        cost=exact(row["cost"]),
        fee=exact(row["fee"]),
        fee_asset=IN_QUOTE,
        liquidity="maker" if row["maker"] else "taker",
        at_ms=_ms(row["time"]),
    )


def acknowledged(answer: Any) -> None:
    """Check that the venue counted an order to cancel.

    :raises KeyError: when it did not, or the answer is not whole.
    """
    result = answer["result"]
    if int(result["count"]) < 1 and not result.get("pending"):
        raise KeyError("count")


FAMILY = Family(
    name="kraken",
    # it has no practice exchange for spot
    practice=(),
    trades=True,
    options={"fetchCurrencies": False},
    # a counter of 15 that falls by 0.33 to 1 a second; histories count double
    budget=Budget(weight_per_minute=40, orders_per_10_seconds=10),
    weights={
        "instruments": 1, "candles": 1, "quotes": 1, "balances": 1, "order": 1, "open_orders": 1,
        "all_open_orders": 1, "fills": 2, "positions": 1, "funding": 1, "settings": 1, "time": 1,
    },
    code_of=code_of,
    meanings=MEANINGS,
    order_of=order_of,
    signed_with=signed_with,
    accepted=accepted,
    find_of=find_of,
    rows_of=rows_of,
    cancel_of=cancel_of,
    acknowledged=acknowledged,
    fills_page=50,
    fills_of_all=True,
    fills_before=lambda fill: {"end": fill.venue_trade_id},
    position_mode="one_way",
    read_order=read_order,
    read_fill=read_fill,
    is_kline=lambda _: False,
)  # fmt: skip
