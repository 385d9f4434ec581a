"""Signed endpoints that place, cancel and replace orders."""

from __future__ import annotations

import secrets

from apps.simulator.domain.orders import Order
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import SIGNED, Call, Route
from apps.simulator.face.render import Json, cancelled, placed
from apps.simulator.face.render_lists import cancelled_list
from apps.simulator.face.requests import ORDER_PARAMS, detail_of, order_request


class ReplaceRefusal(Refusal):
    """A cancel-replace of which at least one half failed; `data` says which."""

    def __init__(self, venue_code: int, text: str, data: Json) -> None:
        super().__init__(venue_code, text, status=409 if venue_code == -2021 else 400)
        self.data = data


async def place_order(call: Call) -> Json:
    """Place an order."""
    request = order_request(call.params)
    detail = detail_of(call.params, request.type)
    done = await call.exchange.place(call.account, request)
    # The frozen order of the last report, for the live one may have moved on since.
    return placed(done.effects.reports[-1].order, done.trades, detail=detail)


async def test_order(call: Call) -> Json:
    """Judge the parameters of an order without placing it."""
    order_request(call.params)
    return {}


async def cancel_order(call: Call) -> Json:
    """Cancel one order."""
    cancel_id = call.params.client_id("newClientOrderId") or secrets.token_hex(11)
    order = named_order(call, "orderId", "origClientOrderId")
    return cancelled(
        await call.exchange.cancel(call.account, order, cancel_id=cancel_id), cancel_id
    )


async def cancel_all(call: Call) -> list[Json]:
    """Cancel every open order of a symbol.

    :raises Refusal: -2011 when there is none.
    """
    symbol = call.exchange.ledger.instrument(call.params.text("symbol")).symbol
    orders = call.exchange.ledger.orders_of(call.account.account_id, symbol)
    if not orders:
        raise Refusal(-2011, "Unknown order sent.")
    answers = []
    for order in orders[: (len(orders) + 1) // 2] if call.cancels_half else orders:
        cancel_id = secrets.token_hex(11)
        found = call.exchange.ledger.lists.get(order.order_list_id)
        if order.is_open and found is not None:
            legs = [leg for leg in orders if leg.order_list_id == order.order_list_id]
            await call.exchange.cancel(call.account, order, cancel_id=cancel_id)
            answers.append(cancelled_list(found, legs, cancel_id))
        elif order.is_open:
            ended = await call.exchange.cancel(call.account, order, cancel_id=cancel_id)
            answers.append(cancelled(ended, cancel_id))
    return answers


async def replace_order(call: Call) -> Json:
    """Cancel an order and place another in its stead.

    :raises ReplaceRefusal: -2021 when one half failed, -2022 when both did or the second was not tried.
    """
    modes = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
    mode = call.params.choice(
        "cancelReplaceMode", modes, Refusal(-1102, "Invalid cancelReplaceMode.")
    )
    request = order_request(call.params)
    detail = detail_of(call.params, request.type)
    cancel_id = call.params.client_id("cancelNewClientOrderId") or secrets.token_hex(11)
    answer: Json = {
        "cancelResult": "SUCCESS", "newOrderResult": "NOT_ATTEMPTED", "cancelResponse": None, "newOrderResponse": None,
    }  # fmt: skip
    try:
        order = named_order(call, "cancelOrderId", "cancelOrigClientOrderId")
        ended = await call.exchange.cancel(call.account, order, cancel_id=cancel_id)
        answer["cancelResponse"] = cancelled(ended, cancel_id)
    except Refusal as refusal:
        answer |= {"cancelResult": "FAILURE", "cancelResponse": _error(refusal)}
        if mode == "STOP_ON_FAILURE":
            raise ReplaceRefusal(-2022, "Order cancel-replace failed.", answer) from refusal
    try:
        done = await call.exchange.place(call.account, request)
        answer["newOrderResult"] = "SUCCESS"
        answer["newOrderResponse"] = placed(
            done.effects.reports[-1].order, done.trades, detail=detail
        )
    except Refusal as refusal:
        answer |= {"newOrderResult": "FAILURE", "newOrderResponse": _error(refusal)}
    failed = [answer["cancelResult"], answer["newOrderResult"]].count("FAILURE")
    if failed:
        code, word = (-2022, "") if failed == 2 else (-2021, "partially ")
        raise ReplaceRefusal(code, f"Order cancel-replace {word}failed.", answer)
    return answer


async def unsupported(_: Call) -> Json:
    """Refuse what this exchange does not do."""
    raise Refusal(-1020, "This operation is not supported.")


def named_order(call: Call, number: str, client: str) -> Order | None:
    """Return the open order that a request names by either id.

    :raises Refusal: -1102 when it names none.
    """
    params = call.params
    symbol = call.exchange.ledger.instrument(params.text("symbol")).symbol
    order_id, client_id = params.integer(number, 0) or 0, params.client_id(client)
    if not order_id and not client_id:
        raise Refusal(
            -1102,
            f"Param '{client}' or '{number}' must be sent, but both were empty/null!",
        )
    return call.exchange.ledger.find(
        call.account.account_id, symbol, order_id=order_id, client_id=client_id
    )


def _error(refusal: Refusal) -> Json:
    return {"code": refusal.venue_code, "msg": refusal.text}


_NEW = ("symbol", "side", "type")
_CANCEL = ("orderId", "origClientOrderId", "newClientOrderId", "cancelRestrictions")
_REPLACE = (
    *ORDER_PARAMS, "cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId",
    "cancelRestrictions", "orderRateLimitExceededMode",
)  # fmt: skip
ROUTES = (
    Route("POST", "/api/v3/order", place_order, SIGNED, 1, _NEW, ORDER_PARAMS),
    Route("POST", "/api/v3/order/test", test_order, SIGNED, 1, _NEW, ORDER_PARAMS),
    Route("DELETE", "/api/v3/order", cancel_order, SIGNED, 1, ("symbol",), _CANCEL),
    Route("DELETE", "/api/v3/openOrders", cancel_all, SIGNED, 1, ("symbol",)),
    Route("POST", "/api/v3/order/cancelReplace", replace_order, SIGNED, 1, (*_NEW, "cancelReplaceMode"), _REPLACE),
    Route("POST", "/api/v3/orderList/otoco", unsupported, SIGNED, optional=None),
)  # fmt: skip
