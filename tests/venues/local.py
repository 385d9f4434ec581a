"""A local server that answers like Binance, or as badly as a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

SYMBOL = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
    "baseAssetPrecision": 8, "quoteAssetPrecision": 8, "quotePrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
    "icebergAllowed": True, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
    "permissions": ["SPOT"], "permissionSets": [["SPOT"]],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5"},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 7},
    ],
}  # fmt: skip


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]


@dataclass
class LocalVenue:
    """What was asked, and what to answer per path: a status, a body, headers, a delay."""

    port: int = 0
    seen: list[Request] = field(default_factory=list)
    answers: dict[str, list[tuple[int, Any, dict[str, str]]]] = field(default_factory=dict)
    hang: set[str] = field(default_factory=set)
    markets: Any = None

    def will(
        self, path: str, status: int, body: Any, headers: dict[str, str] | None = None
    ) -> None:
        """Queue one answer for a path; the last one queued stays."""
        self.answers.setdefault(path, []).append((status, body, headers or {}))

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.seen if request.path == path]

    async def handle(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        params = dict(request.query) | dict(parse_qsl(body))
        self.seen.append(Request(request.method, request.path, params))
        if request.path in self.hang:
            await asyncio.sleep(30)
        if request.path.endswith("exchangeInfo") and self.markets:
            return web.json_response(self.markets)
        if request.path.endswith("exchangeInfo"):
            return web.json_response({"timezone": "UTC", "rateLimits": [], "symbols": [SYMBOL]})
        queued = self.answers.get(request.path) or [(404, {"code": -1, "msg": "nothing here"}, {})]
        status, answer, headers = queued.pop(0) if len(queued) > 1 else queued[0]
        text = answer if isinstance(answer, str) else json.dumps(answer)
        kind = "application/json" if text.startswith("{") else "text/html"
        return web.Response(status=status, text=text, headers=headers, content_type=kind)

    async def start(self) -> Callable[[], Any]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner.cleanup
