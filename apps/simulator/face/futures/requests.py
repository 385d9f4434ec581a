"""From the parameters of /fapi calls to what the engine is asked."""

from __future__ import annotations

import secrets
from typing import Any, Final

import orjson

from apps.core.domain.money import ZERO
from apps.simulator.domain.orders import OrderRequest
from apps.simulator.domain.perpetual.algos import ALGO_LIMITS, ALGO_TYPES
from apps.simulator.domain.perpetual.books import TRAILING, AlgoOrder
from apps.simulator.domain.perpetual.contracts import ONE_WAY, POSITION_SIDES, contract_of
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import Call
from apps.simulator.face.params import Params

SIDES: Final = ("BUY", "SELL")
TIMES: Final = ("GTC", "IOC", "FOK", "GTX", "GTD")
PRICES: Final = ("CONTRACT_PRICE", "MARK_PRICE")


def symbol_of(call: Call, params: Params | None = None) -> str:
    """Return the inner name of the contract a call names.

    :raises Refusal: -1121.
    """
    name = (params or call.params).text("symbol")
    return contract_of(call.exchange.ledger.instruments, name).symbol


def flag(params: Params, name: str) -> bool:
    """Return a boolean parameter, false when it was not sent."""
    return params.text(name).lower() == "true"


def order_request(call: Call, params: Params) -> OrderRequest:
    """Return the order that was asked for.

    :raises Refusal: -1102, -1115, -1116, -1117, -1106, -4120 for conditional orders.
    """
    kind = params.text("type")
    if kind in ALGO_TYPES:
        raise refusal(-4120)
    params.require(("symbol", "side", "type", "quantity"))
    kind = params.choice("type", ("LIMIT", "MARKET"), Refusal(-1116, "Invalid orderType."))
    if kind == "LIMIT":
        params.require(("price", "timeInForce"))
    else:
        params.forbid(("price", "timeInForce"))
    time_in_force = _time_in_force(params) if kind == "LIMIT" else "GTC"
    if time_in_force == "GTD":
        params.require(("goodTillDate",))
    return OrderRequest(
        symbol=symbol_of(call, params),
        side=_side(params),
        type=kind,
        client_order_id=params.client_id("newClientOrderId") or secrets.token_hex(11),
        amount=params.number("quantity"),
        price=params.number("price"),
        time_in_force=time_in_force,
        reduce_only=flag(params, "reduceOnly"),
        position_side=_position_side(params),
        good_till_ms=(params.integer("goodTillDate", 0) or 0) // 1000 * 1000,
    )


def algo_order(call: Call) -> AlgoOrder:
    """Return the conditional order that was asked for, without a number.

    :raises Refusal: -1102, -1106, -1115, -1116, -1117, -1128.
    """
    params, now_ms = call.params, call.exchange.now_ms()
    params.require(("symbol", "side", "type", "algoType"))
    params.choice("algoType", ("CONDITIONAL",), Refusal(-4500, "Invalid algoType."))
    kind = params.choice("type", ALGO_TYPES, Refusal(-1116, "Invalid orderType."))
    closes = flag(params, "closePosition")
    if closes:
        params.forbid(("quantity", "reduceOnly"))
    else:
        params.require(("quantity",))
    params.require(("callbackRate",) if kind == TRAILING else ("triggerPrice",))
    if kind in ALGO_LIMITS:
        params.require(("price",))
    good_till = params.integer("goodTillDate", 0) or 0
    return AlgoOrder(
        algo_id=0,
        account_id=call.account.account_id,
        symbol=symbol_of(call),
        client_algo_id=params.client_id("clientAlgoId") or secrets.token_hex(11),
        side=_side(params),
        position_side=_position_side(params),
        type=kind,
        time_in_force=_time_in_force(params),
        amount=params.number("quantity"),
        price=params.number("price") if kind in ALGO_LIMITS else ZERO,
        trigger_price=params.number("triggerPrice") if kind != TRAILING else ZERO,
        working_type=_working_type(params),
        reduce_only=flag(params, "reduceOnly"),
        close_position=closes,
        activation_price=params.number("activatePrice") or params.number("activationPrice"),
        callback=params.number("callbackRate"),
        good_till_ms=good_till // 1000 * 1000,
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def listed(params: Params, *names: str) -> list[Any]:
    """Return the JSON list that the first of `names` that was sent holds, empty without any.

    :raises Refusal: -1130 when it is no JSON list.
    """
    sent = next((params.text(name) for name in names if params.has(name)), "[]")
    try:
        found = orjson.loads(sent)
    except orjson.JSONDecodeError as error:
        raise Refusal(-1130, f"Data sent for parameter '{names[0]}' is not valid.") from error
    if not isinstance(found, list):
        raise Refusal(-1130, f"Data sent for parameter '{names[0]}' is not valid.")
    return found


def params_of(item: Any) -> Params:
    """Return the parameters of one order of a batch.

    :raises Refusal: -1130 when it is no object.
    """
    if not isinstance(item, dict):
        raise Refusal(-1130, "Data sent for parameter 'batchOrders' is not valid.")
    values = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in item.items()
    }
    return Params(values)


def _side(params: Params) -> str:
    return params.choice("side", SIDES, Refusal(-1117, "Invalid side."))


def _position_side(params: Params) -> str:
    if not params.has("positionSide"):
        return ONE_WAY
    return params.choice("positionSide", POSITION_SIDES, Refusal(-1102, "Invalid positionSide."))


def _time_in_force(params: Params) -> str:
    if not params.has("timeInForce"):
        return "GTC"
    return params.choice("timeInForce", TIMES, Refusal(-1115, "Invalid timeInForce."))


def _working_type(params: Params) -> str:
    if not params.has("workingType"):
        return PRICES[0]
    return params.choice("workingType", PRICES, Refusal(-4078, "options workingType is invalid"))
