"""A local server that answers as a venue was recorded to answer, whatever its dialect."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from apps.venues.domain.reports import OrderTicket
from tests.venues.local import LocalVenue, Request

DATA = Path(os.environ.get("DESK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
FIXTURES = DATA / "venue_fixtures"
OURS = "c" * 20 + "d" * 12


def cases(venue: str, name: str) -> Any:
    """Return the recorded cases of a group, nothing where the recordings are absent."""
    path = FIXTURES / venue / f"{name}.json"
    return json.loads(path.read_text())["cases"] if path.exists() else {}


def response(venue: str, group: str, name: str) -> Any:
    return cases(venue, group)[name]["response"]


def messages(venue: str, group: str, name: str) -> list[Any]:
    """Return what the venue sent on a socket, without its acknowledgements."""
    found = cases(venue, group)[name]["messages"]
    return [entry["message"] for entry in found if entry.get("dir") == "server_data"]


def words_of(text: str) -> Any:
    """Return a request's body, JSON or form, as its fields."""
    if text[:1] in {"{", "["}:
        found = json.loads(text)
        return found[0] if isinstance(found, list) else found
    return dict(parse_qsl(text))


@dataclass
class ReplayVenue(LocalVenue):
    """Markets as recorded; other paths as told. A path may be told per text in its request."""

    venue: str = ""
    heads: list[dict[str, str]] = field(default_factory=list)
    within: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)

    def will_when(self, path: str, part: str, body: Any, status: int = 200) -> None:
        """Answer a request to `path` whose address or body holds `part`."""
        self.within[path, part] = (status, body)

    def market(self, path: str, query: dict[str, str], body: str) -> Any:
        recorded = json.loads((FIXTURES / self.venue / "markets_raw.json").read_text())
        for entry in recorded["exchanges"]:
            url = urlsplit(entry["url"])
            theirs = json.loads(entry["body"]) if entry["body"] else None
            ours = json.loads(body) if theirs and body else None
            if url.path == path and dict(parse_qsl(url.query)) == query and theirs == ours:
                return entry["response"]
        return None

    async def handle(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        found = self.market(request.path, dict(request.query), body)
        if found is not None:
            return web.json_response(found)
        self.heads.append(dict(request.headers))
        asked = words_of(body) if body else {}
        self.seen.append(Request(request.method, request.path, dict(request.query) | asked))
        for (path, part), (status, answer) in self.within.items():
            if path == request.path and part in body + str(request.rel_url):
                return _answer(status, answer, {})
        queued = self.answers.get(request.path) or [(404, {"nothing": request.path}, {})]
        return _answer(*(queued.pop(0) if len(queued) > 1 else queued[0]))


def _answer(status: int, answer: Any, headers: dict[str, str]) -> web.Response:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    kind = "application/json" if text[:1] in {"{", "["} else "text/html"
    return web.Response(status=status, text=text, headers=headers, content_type=kind)


def ticket(symbol: str, **changes: Any) -> OrderTicket:
    base: dict[str, Any] = {
        "client_order_id": OURS, "symbol": symbol, "side": "buy", "type": "limit",
        "time_in_force": "GTC", "amount": "0.01", "price": "50000",
    }  # fmt: skip
    return OrderTicket(**(base | changes))
