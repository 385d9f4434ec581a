"""Sockets: subscribing, faults on streams, books kept current by differences, the old listen key."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.fixtures.simulator import Simulator


async def heard(
    socket: aiohttp.ClientWebSocketResponse, seconds: float = 0.5
) -> list[dict[str, Any]]:
    messages = []
    while True:
        try:
            message = await socket.receive(timeout=seconds)
        except TimeoutError:
            return messages
        if message.type != aiohttp.WSMsgType.TEXT:
            return [*messages, {"closed": message.type.name}]
        messages.append(message.json())


async def act(simulator: Simulator, path: str, **body: Any) -> Any:
    return await asyncio.to_thread(simulator.control, "POST", path, body)


async def test_subscriptions_are_answered_listed_and_ended(simulator: Simulator) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url}/stream") as ws,
    ):
        await ws.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 1})
        first = await heard(ws)
        await ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        await ws.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 3})
        await act(simulator, "advance")
        rest = await heard(ws)

    assert first[0] == {"result": None, "id": 1}
    assert first[1]["stream"] == "btcusdt@bookTicker"
    assert rest == [{"result": ["btcusdt@bookTicker"], "id": 2}, {"result": None, "id": 3}]


async def test_what_is_no_request_gets_an_error_and_the_socket_stays(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{simulator.url}/ws") as ws:
        for text in ("{", "[]", '{"method": "DANCE", "id": 1}'):
            await ws.send_str(text)
        answers = await heard(ws)

    assert [answer["error"]["code"] for answer in answers] == [3, 2, 2]


async def test_differences_keep_a_copy_of_the_book_current(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{simulator.url}/ws") as ws:
        await ws.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 1})
        await heard(ws)
        book = await asyncio.to_thread(simulator.get, "/api/v3/depth?symbol=BTCUSDT&limit=100")
        sides = {"b": dict(book["bids"]), "a": dict(book["asks"])}
        for _ in range(3):
            await act(simulator, "advance")
        updates = await heard(ws)
        after = await asyncio.to_thread(simulator.get, "/api/v3/depth?symbol=BTCUSDT&limit=100")

    last = book["lastUpdateId"]
    for update in updates:
        assert update["U"] == last + 1
        last = update["u"]
        for side, levels in sides.items():
            for price, amount in update[side]:
                levels[price] = amount
                if float(amount) == 0:
                    del levels[price]
    assert sides == {"b": dict(after["bids"]), "a": dict(after["asks"])}
    assert len(updates) == 3


@pytest.mark.parametrize(
    ("kind", "messages"), [("mute_stream", 3), ("duplicate_stream", 5), (None, 4)]
)
async def test_a_stream_fault_loses_or_doubles_one_message(
    simulator: Simulator, kind: str | None, messages: int
) -> None:
    client = simulator.client(simulator.account(f"stream-{kind}"))
    client.load_markets()
    key = client.public_post_userdatastream()["listenKey"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url}/ws/{key}") as ws,
    ):
        if kind:
            await act(simulator, "faults", kind=kind)
        await asyncio.to_thread(client.create_order, "BTC/USDT", "market", "buy", 0.1)
        events = await heard(ws)

    assert len(events) == messages


async def test_a_dropped_stream_is_cut_without_a_farewell(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{simulator.url}/ws") as ws:
        await heard(ws, 0.2)
        dropped = await act(simulator, "faults", kind="drop_stream")
        last = await heard(ws, 2)

    assert dropped["dropped"] >= 1
    assert last[-1]["closed"] in {"CLOSED", "ERROR", "CLOSE", "CLOSING"}
