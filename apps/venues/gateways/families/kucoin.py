"""KuCoin spot (high-frequency account): codes, order words, REST rows and order messages.

Stop orders are kept apart, with ids of their own; our id is the same in both lists. A request is
refused when its timestamp is older than 5 s, and it is stamped with the permit's time.
"""

from __future__ import annotations

from typing import Any, Final

from apps.core.domain.money import exact
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket, VenueStatus
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.families.base import (
    Budget,
    Family,
    Meaning,
    Terms,
    VenueCall,
    VenueOrder,
    Wanted,
)
from apps.venues.gateways.families.news import News
from apps.venues.gateways.families.shared import (
    amount_of,
    limit_price,
    some,
    taken,
    time_in_force,
    trigger_of,
)

TYPES: Final = frozenset(
    {"market", "limit", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"}
)
TIMES: Final = frozenset({"GTC", "IOC", "FOK"})
# 500000 (internal), 200002 and 102426 (our id exists) and whatever is not listed prove nothing
REFUSED: Final = (
    "200001 200003 200004 200005 200009 230003 260000 260100 300000 400002 400100 400200 400350"
    " 400370 400400 400500 400600 400760 411100 415000 600100 600101 600102 600203 900001 900002"
    " 900003 900014 126006 126011 126013 126015"
)
KEYS: Final = "400001 400003 400004 400005 400006 400007 400303"
MEANINGS: Final = {
    **dict.fromkeys(REFUSED.split(), Meaning.REJECTED),
    **dict.fromkeys(KEYS.split(), Meaning.KEY),
    "429000": Meaning.RATE_LIMITED,
    "1015": Meaning.RATE_LIMITED,
}
# 400100 is the venue's code for whatever is wrong with a parameter, an order that is gone included
BY_MESSAGE: Final = {
    ("400100", "not_exist"): Meaning.NO_SUCH_ORDER,
    ("400100", "not exist"): Meaning.NO_SUCH_ORDER,
    ("400100", "clientOid"): Meaning.UNKNOWN,
    ("404", "not found"): Meaning.NO_SUCH_ORDER,
}


def order_of(ticket: OrderTicket, _: Terms) -> VenueOrder:
    """Return a ticket in ccxt's words for KuCoin; a market amount is in base units.

    :raises NeverSent: `ORDER_TYPE_UNKNOWN`, `TIME_IN_FORCE_UNKNOWN`, `STOP_PRICE_MISSING`.
    """
    if ticket.type not in TYPES:
        raise NeverSent("ORDER_TYPE_UNKNOWN", type=ticket.type)
    params: dict[str, Any] = {"clientOid": ticket.client_order_id}
    is_market = ticket.type.endswith("market")
    if ticket.post_only:
        params["postOnly"] = True
    elif not is_market and (word := time_in_force(ticket, TIMES)) != "GTC":
        params["timeInForce"] = word
    if ticket.type not in {"market", "limit"}:
        name = "stopLossPrice" if ticket.type.startswith("stop") else "takeProfitPrice"
        params[name] = trigger_of(ticket)
    return VenueOrder("market" if is_market else "limit", limit_price(ticket), params)


def accepted(info: Any, ticket: OrderTicket, terms: Terms) -> OrderReport:
    """Return the order that an answer says was taken.

    :raises KeyError: when the answer is not whole.
    """
    return taken(ticket, info["orderId"], terms)


def find_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return where to look: among the orders, then among the stop orders that did not trigger."""
    named = {"symbol": terms.venue_symbol}
    if order.venue_order_id:
        return [VenueCall("privateGetHfOrdersOrderId", named | {"orderId": order.venue_order_id})]
    named |= {"clientOid": order.client_order_id}
    return [
        VenueCall("privateGetHfOrdersClientOrderClientOid", named),
        VenueCall("privateGetStopOrderQueryOrderByClientOid", named),
    ]


def rows_of(answer: Any) -> list[Any]:
    """Return the order or orders of an answer; null is none.

    :raises KeyError: when the answer is not whole.
    """
    found = answer["data"]
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def cancel_of(order: Wanted, terms: Terms) -> list[VenueCall]:
    """Return how to cancel it: as an order, then as a stop order."""
    named = {"clientOid": order.client_order_id, "symbol": terms.venue_symbol}
    return [
        VenueCall("privateDeleteHfOrdersClientOrderClientOid", named),
        VenueCall("privateDeleteStopOrderCancelOrderByClientOid", named),
    ]


def read_order(row: Any) -> OrderReport:
    """Return an order or a stop order of a list.

    :raises KeyError: when the row is not whole.
    """
    is_stop = bool(row.get("stop")) and "status" in row
    filled, amount = amount_of(row.get("dealSize")), exact(row["size"])
    kind = row["type"]
    return OrderReport(
        client_order_id=row["clientOid"],
        venue_order_id=row["id"],
        symbol=row["symbol"],
        status="open" if is_stop else _status(row),
        side=row["side"],
        type=_stop_type(row) if is_stop else kind,
        amount=amount,
        filled=filled,
        cost=amount_of(row.get("dealFunds")),
        price=some(row["price"]) if kind == "limit" else None,
        stop_price=some(row.get("stopPrice")),
        at_ms=int(row.get("lastUpdatedAt") or row["createdAt"]),
    )


def _status(row: Any) -> VenueStatus:
    if row["active"]:
        return "open"
    return "canceled" if row["cancelExist"] else "closed"


def _stop_type(row: Any) -> str:
    """Return our type: a sell that waits for a fall, a buy that waits for a rise, is a stop."""
    is_stop = (row["stop"] == "loss") == (row["side"] == "sell")
    return f"{'stop' if is_stop else 'take_profit'}_{row['type']}"


def read_fill(row: Any) -> FillReport:
    """Return a fill of the list; the fee is positive when paid.

    :raises KeyError: when the row is not whole.
    """
    return FillReport(
        symbol=row["symbol"],
        venue_order_id=row["orderId"],
        venue_trade_id=str(row["tradeId"]),
        client_order_id="",
        side=row["side"],
        price=exact(row["price"]),
        amount=exact(row["size"]),
        cost=exact(row["funds"]),
        fee=exact(row["fee"]),
        fee_asset=row["feeCurrency"],
        liquidity=row["liquidity"],
        at_ms=int(row["createdAt"]),
    )


def read_private(message: Any) -> list[News] | None:
    """Return the order of an order message; its fills are read over REST, which names the fee."""
    if message.get("subject") != "orderChange":
        return None
    row = message["data"]
    done: dict[str, VenueStatus] = {"filled": "closed", "canceled": "canceled"}
    filled = amount_of(row.get("filledSize"))
    return [
        OrderReport(
            client_order_id=row["clientOid"],
            venue_order_id=row["orderId"],
            symbol=row["symbol"],
            status=done.get(row["type"], "open"),
            side=row["side"],
            type=row["orderType"],
            amount=exact(row["originSize"]),
            filled=filled,
            cost=filled * amount_of(row.get("price")),
            price=some(row.get("price")),
            stop_price=None,
            at_ms=int(row["ts"]) // 1_000_000,
        )
    ]


FAMILY = Family(
    name="kucoin",
    # its sandbox was closed
    practice=(),
    needs_password=True,
    trades=True,
    options={
        "defaultType": "spot",
        "fetchMarkets": {"types": ["spot"], "fetchTickersFees": False},
        "fetchCurrencies": False,
        "hf": True,
        "uta": False,
        # ccxt would name its own partner in every request
        "partner": {"spot": {"id": None, "key": None}, "future": {"id": None, "key": None}},
        "fetchBalance": {"code": "trade_hf"},
    },
    # 4000 weight in 30 s a key (spot), 45 orders in 3 s
    budget=Budget(weight_per_minute=8000, orders_per_10_seconds=100),
    weights={
        "instruments": 4, "candles": 3, "quotes": 15, "balances": 5, "order": 5, "open_orders": 5,
        "all_open_orders": 10, "fills": 5, "positions": 5, "funding": 5, "settings": 5, "time": 3,
    },
    signs_at_nonce=True,
    meanings=MEANINGS,
    clock_codes=frozenset({"400002"}),
    by_message=BY_MESSAGE,
    order_of=order_of,
    accepted=accepted,
    find_of=find_of,
    rows_of=rows_of,
    cancel_of=cancel_of,
    acknowledged=lambda answer: answer["data"]["clientOid"],
    # orders by symbol only, stop orders all at once
    lists_of=lambda _: ({}, {"trigger": True, "hf": False},),
    open_symbols=VenueCall("privateGetHfOrdersActiveSymbols", {"tradeType": "TRADE"}),
    wallets=({"type": "trade_hf", "hf": True},),
    fills_before=lambda fill: {"endAt": fill.at_ms},
    fills_of_order=lambda venue_order_id: {"orderId": venue_order_id},
    position_mode="one_way",
    read_order=read_order,
    read_fill=read_fill,
    is_kline=lambda _: False,
    read_private=read_private,
)  # fmt: skip
