"""Signed endpoints of /fapi for conditional orders."""

from __future__ import annotations

from typing import Any

from apps.simulator.domain.orders import Order
from apps.simulator.domain.perpetual.books import AlgoOrder
from apps.simulator.domain.perpetual.refusals import refusal
from apps.simulator.domain.refusals import Refusal
from apps.simulator.face.calls import SIGNED, Call, Route
from apps.simulator.face.futures.render import algo_row
from apps.simulator.face.futures.requests import algo_order, symbol_of
from apps.simulator.face.render import Json
from apps.simulator.gateways.contract_store import algo_orders


async def place(call: Call) -> Json:
    """Place a conditional order."""
    placed = await call.exchange.contracts.place_algo(algo_order(call))
    return algo_row(placed)


async def cancel(call: Call) -> Json:
    """Cancel one conditional order.

    :raises Refusal: -2011 when none of that id waits.
    """
    ended = await call.exchange.contracts.cancel_algo(_waiting(call))
    return algo_row(ended) | {"code": "200", "msg": "success"}


async def cancel_all(call: Call) -> Json:
    """Cancel every waiting conditional order of a contract."""
    symbol = symbol_of(call)
    for algo in call.exchange.ledger.contracts.algos_of(call.account.account_id, symbol):
        await call.exchange.contracts.cancel_algo(algo)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


async def query(call: Call) -> Json:
    """Return one conditional order, waiting or not, with what it sent.

    :raises Refusal: -2013 when the account has none of that id.
    """
    number, name = _ids(call)
    await call.exchange.journal.settled()
    found = await algo_orders(
        call.exchange.store,
        "account_id = %s AND (%s::bigint = 0 OR algo_id = %s) "
        "AND (%s::text = '' OR client_algo_id = %s) ORDER BY algo_id DESC LIMIT 1",
        (call.account.account_id, number, number, name, name),
    )
    if not found:
        raise refusal(-2013)
    return (await _rows(call, found))[0]


async def waiting(call: Call) -> list[Json]:
    """Return waiting conditional orders of one contract or of all, oldest first."""
    symbol = symbol_of(call) if call.params.has("symbol") else None
    found = call.exchange.ledger.contracts.algos_of(call.account.account_id, symbol)
    answer = [algo_row(algo) for algo in sorted(found, key=lambda algo: algo.algo_id)]
    await call.exchange.journal.settled()
    return answer


async def history(call: Call) -> list[Json]:
    """Return conditional orders of a contract, oldest first: from an id or a time, or the latest."""
    params, never = call.params, 2**62
    start, end, first = params.integer("startTime"), params.integer("endTime"), params.integer("algoId")  # fmt: skip
    newest = first is None and start is None
    await call.exchange.journal.settled()
    found = await algo_orders(
        call.exchange.store,
        "account_id = %s AND symbol = %s AND algo_id >= %s AND created_ms >= %s "
        "AND created_ms <= %s ORDER BY algo_id * %s LIMIT %s",
        (
            call.account.account_id, symbol_of(call), first or 0, start or 0,
            never if end is None else end, -1 if newest else 1, params.limit(500, 1000),
        ),
    )  # fmt: skip
    return await _rows(call, found[::-1] if newest else found)


async def _rows(call: Call, algos: list[AlgoOrder]) -> list[Json]:
    numbers = [algo.order_id for algo in algos if algo.order_id]
    orders: list[Order] = []
    if numbers:
        orders = await call.exchange.store.orders("order_id = ANY(%s)", (numbers,))
    sent = {order.order_id: order for order in orders}
    return [algo_row(algo, sent.get(algo.order_id)) for algo in algos]


def _ids(call: Call) -> tuple[int, str]:
    number, name = call.params.integer("algoId", 0) or 0, call.params.client_id("clientAlgoId")
    if not number and not name:
        raise Refusal(
            -1102, "Mandatory parameter 'algoId' was not sent, was empty/null, or malformed."
        )
    return number, name


def _waiting(call: Call) -> AlgoOrder | None:
    number, name = _ids(call)
    for algo in call.exchange.ledger.contracts.algos_of(call.account.account_id):
        if algo.algo_id == number or (not number and algo.client_algo_id == name):
            return algo
    return None


def _route(
    method: str, name: str, act: Any, weight: int = 1, required: tuple[str, ...] = ()
) -> Route:
    return Route(method, f"/fapi/v1/{name}", act, SIGNED, weight, required, None)


ROUTES = (
    _route("POST", "algoOrder", place),
    _route("DELETE", "algoOrder", cancel),
    _route("GET", "algoOrder", query),
    _route("GET", "openAlgoOrders", waiting),
    _route("GET", "allAlgoOrders", history, 5, ("symbol",)),
    _route("DELETE", "algoOpenOrders", cancel_all, 1, ("symbol",)),
)
