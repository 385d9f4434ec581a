"""Orders on perpetuals: tickets under the name of what ccxt was recorded to send, and answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.venues.domain.reports import OrderTicket

SYMBOL = "BTC/USDT:USDT"
OURS = "c" * 32


def ticket(**changes: Any) -> OrderTicket:
    base: dict[str, Any] = {
        "client_order_id": OURS, "symbol": SYMBOL, "side": "buy", "type": "limit",
        "time_in_force": "GTC", "amount": Decimal("0.01"), "price": Decimal(50000),
    }  # fmt: skip
    if not str(changes.get("type", "limit")).endswith("limit"):
        base["price"] = None
    return OrderTicket(**(base | changes))


def selling(type_: str, **changes: Any) -> OrderTicket:
    return ticket(side="sell", type=type_, **changes)


STOP, TARGET = Decimal(45000), Decimal(55000)
TICKETS: dict[str, OrderTicket] = {
    "swap_limit_buy": ticket(),
    "swap_limit_sell": ticket(side="sell"),
    "swap_market_buy": ticket(type="market"),
    "swap_market_sell": selling("market"),
    "swap_limit_post_only": ticket(post_only=True),
    "swap_limit_ioc": ticket(time_in_force="IOC"),
    "swap_limit_fok": ticket(time_in_force="FOK"),
    "swap_stop_market": selling("stop_market", stop_price=STOP),
    "swap_stop_limit": selling("stop_limit", stop_price=STOP, price=STOP),
    "swap_take_profit_price": selling("take_profit_market", stop_price=TARGET),
    "swap_trailing_percent": selling(
        "trailing_stop_market", trailing_rate=Decimal("0.01"), stop_price=TARGET
    ),
    "swap_reduce_only_limit": ticket(side="sell", reduce_only=True),
    "swap_reduce_only_market": selling("market", reduce_only=True),
}
ORDER = {
    "orderId": 7, "symbol": "BTCUSDT", "status": "NEW", "clientOrderId": OURS, "price": "50000",
    "avgPrice": "0.0", "origQty": "0.010", "executedQty": "0", "cumQuote": "0", "side": "BUY",
    "type": "LIMIT", "origType": "LIMIT", "positionSide": "BOTH", "stopPrice": "0", "updateTime": 5,
}  # fmt: skip
ALGO = {
    "algoId": 9, "clientAlgoId": OURS, "algoType": "CONDITIONAL", "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "quantity": "0.01",
    "algoStatus": "NEW", "triggerPrice": "45000.00", "price": "0.00", "updateTime": 5,
}  # fmt: skip
NO_ORDER = {"code": -2013, "msg": "Order does not exist."}
UNKNOWN_ORDER = {"code": -2011, "msg": "Unknown order sent."}
# named otherwise by the clock, the key, or by us on purpose
OWN = {"timestamp", "signature", "recvWindow", "newClientOrderId", "clientAlgoId"}


def without_own(params: dict[str, str]) -> dict[str, str]:
    return {
        key: value.rstrip("0").rstrip(".") if "." in value else value
        for key, value in params.items()
        if key not in OWN
    }
