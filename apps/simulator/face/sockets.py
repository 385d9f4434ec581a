"""The WebSocket face: market streams, and the user stream as ccxt subscribes to it today."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import WSMsgType, web

from apps.simulator.domain.refusals import Refusal
from apps.simulator.exchange import Exchange
from apps.simulator.face.hub import Hub, Listener
from apps.simulator.face.params import Params
from apps.simulator.face.render import Json
from apps.simulator.face.signing import account_of, check_signature, check_time

HEARTBEAT_SECONDS: Final = 60.0
SUBSCRIBE: Final = "userDataStream.subscribe.signature"
UNSUBSCRIBE: Final = "userDataStream.unsubscribe"


class Sockets:
    """Opens sockets and answers what clients send on them."""

    def __init__(self, exchange: Exchange, hub: Hub, listen_keys: dict[str, int]) -> None:
        self._exchange = exchange
        self._hub = hub
        self._listen_keys = listen_keys

    def routes(self) -> list[web.RouteDef]:
        """Return every route for the application."""
        return [
            web.get("/ws", self._market),
            web.get("/ws/{names:.*}", self._market),
            web.get("/stream", self._market),
            web.get("/stream/{names:.*}", self._market),
            web.get("/ws-api/v3", self._api),
        ]

    async def _market(self, request: web.Request) -> web.WebSocketResponse:
        wraps = request.path.startswith("/stream")
        names = request.query.get("streams", "") or request.match_info.get("names", "")
        listener = Listener(socket(), wraps=wraps)
        for name in filter(None, names.split("/")):
            if name in self._listen_keys:
                listener.accounts[-1 - len(listener.accounts)] = self._listen_keys[name]
            elif "@" in name:
                listener.streams.add(name)
        return await self._serve(request, listener, self._stream_request)

    async def _api(self, request: web.Request) -> web.WebSocketResponse:
        listener = Listener(socket(), wraps=False)
        return await self._serve(request, listener, self._api_request)

    async def _serve(
        self, request: web.Request, listener: Listener, answer: Any
    ) -> web.WebSocketResponse:
        await listener.socket.prepare(request)
        self._hub.join(listener)
        self._hub.subscribe(listener, list(listener.streams))
        pump = asyncio.create_task(listener.pump())
        try:
            async for message in listener.socket:
                if message.type == WSMsgType.PING and not listener.is_silent:
                    await listener.socket.pong(message.data)
                elif message.type == WSMsgType.TEXT:
                    listener.push(await _answered(answer, listener, message.data))
        finally:
            self._hub.leave(listener)
            pump.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await pump
        return listener.socket

    async def _stream_request(self, listener: Listener, asked: Json) -> Json:
        method, names = asked.get("method"), [str(name) for name in asked.get("params") or []]
        result: Any = None
        if method == "SUBSCRIBE":
            asyncio.get_running_loop().call_soon(self._hub.subscribe, listener, names)
        elif method == "UNSUBSCRIBE":
            self._hub.unsubscribe(listener, names)
        elif method == "LIST_SUBSCRIPTIONS":
            result = sorted(listener.streams)
        else:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown method {method}"}, "id": asked.get("id")}  # fmt: skip
        return {"result": result, "id": asked.get("id")}

    async def _api_request(self, listener: Listener, asked: Json) -> Json:
        answer: Json = {"id": asked.get("id"), "status": 200}
        try:
            return answer | {"result": await self._api_result(listener, asked), "rateLimits": []}
        except Refusal as refusal:
            error = {"code": refusal.venue_code, "msg": refusal.text}
            return answer | {"status": refusal.status, "error": error, "rateLimits": []}

    async def _api_result(self, listener: Listener, asked: Json) -> Json:
        method, values = asked.get("method"), asked.get("params") or {}
        if method == "ping":
            return {}
        if method == UNSUBSCRIBE:
            listener.accounts.clear()
            return {}
        if method != SUBSCRIBE:
            raise Refusal(-1020, "This operation is not supported.")
        params = Params({name: str(value) for name, value in values.items()})
        account = await account_of(self._exchange, params.text("apiKey"))
        check_time(params, self._exchange.clock_ms())
        signed = "&".join(
            f"{name}={values[name]}" for name in sorted(values) if name != "signature"
        )
        check_signature(account, signed, params.text("signature"))
        subscription = len(listener.accounts)
        listener.accounts[subscription] = account.account_id
        return {"subscriptionId": subscription}


def socket() -> web.WebSocketResponse:
    """Return a socket whose pings are answered here, so that it can be silent."""
    return web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, autoping=False)


async def _answered(answer: Any, listener: Listener, text: str) -> Json:
    try:
        asked = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"error": {"code": 3, "msg": "Invalid JSON"}, "id": None}
    if not isinstance(asked, dict):
        return {"error": {"code": 2, "msg": "Invalid request: expected an object"}, "id": None}
    result: Json = await answer(listener, asked)
    return result
