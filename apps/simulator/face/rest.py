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
from apps.simulator.face.faults import Faults
from apps.simulator.face.futures import FUTURES_ROUTES
from apps.simulator.face.limits import WeightExceeded, WeightMeter
from apps.simulator.face.params import Params
from apps.simulator.face.signing import account_of, check_signature, check_time, signed_text
from apps.simulator.face.striking import STRIKES, Struck

ROUTES: Final = (
    *market.ROUTES, *trading.ROUTES, *lists.ROUTES, *account.ROUTES, *FUTURES_ROUTES,
)  # fmt: skip
_TEXT: Final = "application/json"
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
            fault = self._faults.strike(
                method=route.method,
                path=route.path,
                account=name,
                order_type=call.params.text("type"),
            )
            if fault is not None:
                return await STRIKES[fault.kind](Struck(fault, route, call, request))
            body = orjson.dumps(await route.handler(call))
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
            check_time(params, self._exchange.clock_ms())
            params.require(("signature",))
            check_signature(caller, text, params.text("signature"))
        return caller


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


def cut_off(faults: Faults, exchange: Exchange) -> Any:
    """Return the middleware that leaves no way to the exchange while `dns_failure` holds."""

    @web.middleware
    async def pass_or_cut(request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/sim/"):
            known = exchange.account_by_known_key(request.headers.get("X-MBX-APIKEY", ""))
            if faults.standing("dns_failure", known) and request.transport is not None:
                request.transport.abort()
                raise asyncio.CancelledError
        answer: web.StreamResponse = await handler(request)
        return answer

    return pass_or_cut


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
