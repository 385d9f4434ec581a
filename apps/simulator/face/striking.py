"""How an armed fault changes a REST call: one function a knob, found by its kind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from apps.simulator.domain.incidents import fill_late, phantom
from apps.simulator.domain.orders import Order
from apps.simulator.domain.perpetual.incidents import fill_late as fill_contract_late
from apps.simulator.domain.perpetual.incidents import phantom_algo
from apps.simulator.domain.refusals import ACTION_DISABLED, Refusal
from apps.simulator.face.calls import Call, Route
from apps.simulator.face.faults import Fault
from apps.simulator.face.futures.render import algo_row
from apps.simulator.face.futures.requests import algo_order
from apps.simulator.face.futures.trading import open_of
from apps.simulator.face.limits import WeightExceeded
from apps.simulator.face.render import placed
from apps.simulator.face.requests import detail_of, order_request
from apps.simulator.face.trading import named_order

HOLD_SECONDS: Final = 60.0
_JSON: Final = "application/json"
_BUSY: Final = (
    "Server is currently overloaded with other requests. Please try again in a few minutes."
)
_UNKNOWN: Final = (
    "Timeout waiting for response from backend server. Send status unknown; "
    "execution status unknown."
)
_AMBIGUOUS: Final = "Unknown error, please check your request or try again later."
_NUMBERS: Final = re.compile(
    rb'"(price|stopPrice|origQty|executedQty|cummulativeQuoteQty|cumQuote|avgPrice|qty|quoteQty|'
    rb"lastPrice|bidPrice|askPrice|openPrice|highPrice|lowPrice|markPrice|indexPrice|free|"
    rb'balance|positionAmt|entryPrice)":"[^"]*"'
)
_tasks: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Struck:
    """A call that a fault hits."""

    fault: Fault
    route: Route
    call: Call
    request: web.Request

    async def act(self) -> Any:
        """Carry the call out as if nothing were wrong."""
        return await self.route.handler(self.call)

    async def carried_out(self) -> web.Response:
        """Carry the call out and return its answer."""
        return answered(await self.act())


Strike = Callable[[Struck], Awaitable[web.StreamResponse]]


def answered(content: Any) -> web.Response:
    """Return an ordinary answer."""
    return web.Response(body=orjson.dumps(content), content_type=_JSON)


async def _delay(struck: Struck) -> web.StreamResponse:
    await asyncio.sleep(struck.fault.ms / 1000)
    return await struck.carried_out()


async def _lose_request(struck: Struck) -> web.StreamResponse:
    return await _hang_up(struck)


async def _lose_answer(struck: Struck) -> web.StreamResponse:
    await struck.act()
    return await _hang_up(struck)


async def _hang_up(struck: Struck) -> web.StreamResponse:
    """Say nothing for `ms` (a minute by default), then cut the connection.

    :raises asyncio.CancelledError: always; the connection is gone.
    """
    await asyncio.sleep(struck.fault.ms / 1000 if struck.fault.ms else HOLD_SECONDS)
    if struck.request.transport is not None:
        struck.request.transport.abort()
    raise asyncio.CancelledError


async def _overload(_: Struck) -> web.StreamResponse:
    raise Refusal(-1008, _BUSY, status=503)


async def _give_up(struck: Struck) -> web.StreamResponse:
    await struck.act()
    return web.Response(status=503, text=_AMBIGUOUS)


async def _status_unknown(struck: Struck) -> web.StreamResponse:
    await struck.act()
    raise Refusal(-1007, _UNKNOWN, status=503 if struck.route.path.startswith("/fapi") else 408)


async def _fail_in_html(struck: Struck) -> web.StreamResponse:
    await struck.act()
    return _html(500, "Internal Server Error")


async def _proxy_in_html(_: Struck) -> web.StreamResponse:
    return _html(502, "Bad Gateway")


def _html(status: int, words: str) -> web.Response:
    page = f"<html><head><title>{status} {words}</title></head><body><h1>{words}</h1></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")


async def _limit(struck: Struck) -> web.StreamResponse:
    refusal = WeightExceeded(struck.call.weight_limit, max(1, struck.fault.ms // 1000))
    refusal.status = 418 if struck.fault.kind == "banned" else 429
    raise refusal


async def _empty(struck: Struck) -> web.StreamResponse:
    await struck.act()
    return web.Response(text="", content_type=_JSON)


async def _truncate(struck: Struck) -> web.StreamResponse:
    body = orjson.dumps(await struck.act())
    return web.Response(body=body[: max(1, len(body) // 2)], content_type=_JSON)


async def _spoil(struck: Struck) -> web.StreamResponse:
    value = struck.fault.value.encode()
    body = orjson.dumps(await struck.act())
    spoiled = _NUMBERS.sub(lambda found: b'"' + found[1] + b'":"' + value + b'"', body)
    return web.Response(body=spoiled, content_type=_JSON)


async def _show_past(struck: Struck) -> web.StreamResponse:
    answer, past = await struck.act(), struck.fault.past
    if past is not None:
        owner = struck.call.account.account_id
        path = struck.route.path
        answer = past.rewound(path, answer, account_id=owner, ms=struck.fault.ms)
    return answered(answer)


async def _hold_answer(struck: Struck) -> web.StreamResponse:
    response = await struck.carried_out()
    await asyncio.sleep(struck.fault.ms / 1000)
    return response


async def _refuse(_: Struck) -> web.StreamResponse:
    raise Refusal(-2011, ACTION_DISABLED)


async def _cancel_half(struck: Struck) -> web.StreamResponse:
    struck.call.cancels_half = True
    return await struck.carried_out()


async def _forget_stop(struck: Struck) -> web.StreamResponse:
    call = struck.call
    if struck.route.path.startswith("/fapi"):
        algo = phantom_algo(call.exchange.ledger, algo_order(call), now_ms=call.exchange.now_ms())
        return answered(algo_row(algo))
    request = order_request(call.params)
    ledger, now_ms = call.exchange.ledger, call.exchange.now_ms()
    order = phantom(ledger, call.account, request, now_ms=now_ms)
    return answered(placed(order, (), detail=detail_of(call.params, request.type)))


async def _fill_after_cancel(struck: Struck) -> web.StreamResponse:
    call, fault = struck.call, struck.fault
    is_contract = struck.route.path.startswith("/fapi")
    order = open_of(call) if is_contract else named_order(call, "orderId", "origClientOrderId")
    late = fill_contract_late if is_contract else fill_late
    response = await struck.carried_out()

    async def fill(cancelled: Order) -> None:
        await asyncio.sleep(fault.ms / 1000)
        ledger, now_ms = call.exchange.ledger, call.exchange.now_ms()
        await call.exchange.commit(late(ledger, cancelled, amount=fault.amount, now_ms=now_ms))

    if order is not None:
        task = asyncio.get_running_loop().create_task(fill(order))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return response


STRIKES: Final[dict[str, Strike]] = {
    "delay": _delay,
    "timeout_before_accept": _lose_request,
    "timeout_after_accept": _lose_answer,
    "http_503": _overload,
    "http_503_unknown": _give_up,
    "status_unknown": _status_unknown,
    "http_500": _fail_in_html,
    "http_502": _proxy_in_html,
    "rate_limited": _limit,
    "banned": _limit,
    "empty_answer": _empty,
    "truncated_answer": _truncate,
    "bad_numbers": _spoil,
    "lagging_reads": _show_past,
    "fill_before_ack": _hold_answer,
    "refuse_cancels": _refuse,
    "cancel_all_half": _cancel_half,
    "stop_missing": _forget_stop,
    "fill_after_cancel": _fill_after_cancel,
}
