"""WebSockets of perpetuals, at the paths ccxt makes of fstream: /public, /market and /private."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from apps.simulator.face.hub import Listener
from apps.simulator.face.sockets import Sockets, socket

CATEGORIES: Final = "/{category:public|market|private}"
ROOTS: Final = ("", "/fapi-ws")


class FuturesSockets(Sockets):
    """Opens sockets of /fapi and answers what clients send on them."""

    def routes(self) -> list[web.RouteDef]:
        """Return every route for the application."""
        ends = ("/ws", "/ws/{names:.*}", "/stream", "/stream/{names:.*}")
        return [
            web.get(f"{root}{CATEGORIES}{end}", self._streams) for root in ROOTS for end in ends
        ]

    async def _streams(self, request: web.Request) -> web.WebSocketResponse:
        wraps = "/stream" in request.path
        names = request.query.get("streams", "") or request.match_info.get("names", "")
        names = f"{names}/{request.query.get('listenKey', '')}"
        listener = Listener(socket(), wraps=wraps)
        for name in filter(None, names.split("/")):
            if name in self._listen_keys:
                listener.accounts[-1 - len(listener.accounts)] = self._listen_keys[name]
            elif "@" in name:
                listener.streams.add(name)
        return await self._serve(request, listener, self._stream_request)
