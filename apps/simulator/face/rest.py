"""The REST face: one dispatcher for every route, with keys, weights, faults and errors."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from aiohttp import web

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.refusals import Refusal
from apps.simulator.exchange import Exchange
from apps.simulator.face import account, lists, market, trading
from apps.simulator.face.calls import PUBLIC, SIGNED, Call, Route
from apps.simulator.face.faults import BEFORE, Fault, Faults
from apps.simulator.face.limits import WeightExceeded, WeightMeter
from apps.simulator.face.params import Params
from apps.simulator.face.signing import account_of, check_signature, check_time, signed_text

ROUTES: Final = (*market.ROUTES, *trading.ROUTES, *lists.ROUTES, *account.ROUTES)
HOLD_SECONDS: Final = 60.0
_TEXT: Final = "application/json"
_AMBIGUOUS: Final = "Unknown error, please check your request or try again later."
log = structlog.get_logger(__name__)


class Rest:
    """Answers REST calls."""

    def __init__(self, exchange: Exchange, faults: Faults, meter: WeightMeter) -> None:
        self._exchange = exchange
        self._faults = faults
        self._meter = meter
        self.listen_keys: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return every route for the application."""
        return [web.route(route.method, route.path, self._handler(route)) for route in ROUTES]

    def _handler(self, route: Route) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(route, request)

        return answer

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            used = self._meter.charge(request.remote or "", route.weight)
            headers = {"X-MBX-USED-WEIGHT": str(used), "X-MBX-USED-WEIGHT-1M": str(used)}
            call = await self._admit(route, request)
            name = call.caller.name if call.caller else ""
            fault = self._faults.strike(method=route.method, path=route.path, account=name)
            if fault is not None and fault.kind in BEFORE:
                await self._fail_before(fault, request)
            body = orjson.dumps(await route.handler(call))
            if fault is not None and fault.kind not in BEFORE:
                return await self._fail_after(fault, request)
            return web.Response(body=body, content_type=_TEXT, headers=headers)
        except Refusal as refusal:
            return refused(refusal, headers)

    async def _admit(self, route: Route, request: web.Request) -> Call:
        query, body = request.rel_url.raw_query_string, ""
        if request.can_read_body:
            body = (await request.read()).decode()
        params = Params(dict(parse_qsl(f"{query}&{body}", keep_blank_values=True)))
        call = Call(self._exchange, params, None, self._meter.limit, self.listen_keys)
        if route.security != PUBLIC:
            call.caller = await self._caller(route, request, signed_text(query, body), params)
        route.check(params)
        return call

    async def _caller(
        self, route: Route, request: web.Request, text: str, params: Params
    ) -> Account:
        caller = await account_of(self._exchange, request.headers.get("X-MBX-APIKEY", ""))
        if route.security == SIGNED:
            check_time(params)
            params.require(("signature",))
            check_signature(caller, text, params.text("signature"))
        return caller

    async def _fail_before(self, fault: Fault, request: web.Request) -> None:
        """Slow the call down, or end it before anything happens.

        :raises Refusal: what the client receives.
        """
        if fault.kind == "delay":
            await asyncio.sleep(fault.ms / 1000)
        elif fault.kind == "timeout_before_accept":
            await self._hang_up(fault, request)
        elif fault.kind == "http_503":
            raise Refusal(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", status=503)  # fmt: skip
        else:
            refusal = WeightExceeded(self._meter.limit, max(1, fault.ms // 1000))
            refusal.status = 418 if fault.kind == "banned" else 429
            raise refusal

    async def _fail_after(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Keep the answer of a call that took effect from its client."""
        if fault.kind == "timeout_after_accept":
            await self._hang_up(fault, request)
        if fault.kind == "empty_answer":
            return web.Response(text="", content_type=_TEXT)
        if fault.kind == "http_503_unknown":
            return web.Response(status=503, text=_AMBIGUOUS)
        return refused(Refusal(-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", status=408), {})  # fmt: skip

    async def _hang_up(self, fault: Fault, request: web.Request) -> None:
        """Say nothing for `ms` (a minute by default), then cut the connection.

        :raises asyncio.CancelledError: always; the connection is gone.
        """
        await asyncio.sleep(fault.ms / 1000 if fault.ms else HOLD_SECONDS)
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError


def refused(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    """Return the answer to a refused call."""
    body: dict[str, Any] = {"code": refusal.venue_code, "msg": refusal.text}
    if isinstance(refusal, trading.ReplaceRefusal):
        body["data"] = refusal.data
    if isinstance(refusal, WeightExceeded):
        headers = headers | {"Retry-After": str(refusal.retry_after)}
    return web.Response(
        body=orjson.dumps(body), status=refusal.status, content_type=_TEXT, headers=headers
    )


@web.middleware
async def report_failures(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer 500 with -1000 when the exchange itself fails, and log it."""
    try:
        answer: web.StreamResponse = await handler(request)
        return answer
    except web.HTTPException:
        raise
    except Exception:
        log.exception("simulator_request_failed", path=request.path)
        return refused(Refusal(-1000, "An unknown error occurred while processing the request.", status=500), {})  # fmt: skip
