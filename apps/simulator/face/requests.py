"""From the parameters of a new order to what the engine is asked."""

from __future__ import annotations

import secrets
from typing import Final

from apps.simulator.domain.orders import ORDER_TYPES, STOP_TYPES, OrderRequest
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.params import Params

SIDES: Final = ("BUY", "SELL")
TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")
_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "LIMIT": ("timeInForce", "quantity", "price"),
    "LIMIT_MAKER": ("quantity", "price"),
    "MARKET": (),
    "STOP_LOSS": ("quantity", "stopPrice"),
    "STOP_LOSS_LIMIT": ("timeInForce", "quantity", "price", "stopPrice"),
    "TAKE_PROFIT": ("quantity", "stopPrice"),
    "TAKE_PROFIT_LIMIT": ("timeInForce", "quantity", "price", "stopPrice"),
}
_TERMS: Final = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice", "trailingDelta")
ORDER_PARAMS: Final = (
    *_TERMS, "newClientOrderId", "newOrderRespType", "strategyId", "strategyType",
    "selfTradePreventionMode", "reduceOnly",
)  # fmt: skip


def order_request(params: Params) -> OrderRequest:
    """Return the order that was asked for.

    :raises Refusal: -1100, -1102, -1106, -1111, -1115, -1116, -1117, -1128.
    """
    side = params.choice("side", SIDES, Refusal(-1117, "Invalid side."))
    kind = params.choice("type", ORDER_TYPES, Refusal(-1116, "Invalid orderType."))
    required = _REQUIRED[kind]
    follows = kind in STOP_TYPES and params.has("trailingDelta")
    if follows:
        check_trigger(params, "stopPrice", "trailingDelta")
        required = tuple(name for name in required if name != "stopPrice")
    params.require(required)
    if kind == "MARKET" and not params.has("quoteOrderQty"):
        params.require(("quantity",))
    free = ("quantity", "quoteOrderQty") if kind == "MARKET" else ()
    free = ("stopPrice", "trailingDelta") if follows else free
    params.forbid(name for name in _TERMS if name not in required and name not in free)
    if kind == "MARKET" and params.has("quantity") and params.has("quoteOrderQty"):
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    bad_time = Refusal(-1115, "Invalid timeInForce.")
    return OrderRequest(
        symbol=params.text("symbol"),
        side=side,
        type=kind,
        client_order_id=params.client_id("newClientOrderId") or secrets.token_hex(11),
        amount=params.number("quantity"),
        cost=params.number("quoteOrderQty"),
        price=params.number("price"),
        stop_price=params.number("stopPrice"),
        time_in_force=params.choice("timeInForce", TIMES_IN_FORCE, bad_time)
        if "timeInForce" in required
        else "GTC",
        reduce_only=params.text("reduceOnly").lower() == "true",
        trailing_delta=params.integer("trailingDelta", 0) or 0,
    )


def check_trigger(params: Params, stop: str, delta: str) -> None:
    """Check that a stop has a stop price or a trailing delta, at least one.

    :raises Refusal: -1102.
    """
    if not params.text(stop) and not params.text(delta):
        raise Refusal(-1102, f"Param '{stop}' or '{delta}' must be sent, but both were empty/null!")


def detail_of(params: Params, kind: str) -> str:
    """Return how much the answer to a new order tells: ACK, RESULT or FULL."""
    default = "FULL" if kind in {"MARKET", "LIMIT"} else "ACK"
    if not params.has("newOrderRespType"):
        return default
    bad = Refusal(-1145, "Invalid newOrderRespType.")
    return params.choice("newOrderRespType", ("ACK", "RESULT", "FULL"), bad)
