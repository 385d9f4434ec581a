"""Every knob of the streams does what its label says, heard on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.simulator.knobs import Desk
from tests.simulator.test_streams import heard


def fill_before_ack(desk: Desk) -> None:
    desk.arm("fill_before_ack", ms=400)

    async def run() -> tuple[float, float]:
        async with listening(desk) as socket:
            placing = asyncio.create_task(asyncio.to_thread(desk.market))
            while (await socket.receive_json()).get("x") != "TRADE":
                pass
            told = time.monotonic()
            await placing
            return told, time.monotonic()

    told, acknowledged = asyncio.run(run())
    assert acknowledged - told > 0.3


@contextlib.asynccontextmanager
async def listening(desk: Desk) -> Any:
    key = desk.client.public_post_userdatastream()["listenKey"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{desk.simulator.url}/ws/{key}", autoping=False) as socket,
    ):
        yield socket


def steps(desk: Desk, seconds: float = 0.4) -> list[str]:
    """Place an order at market; return the order events its owner hears, in order."""

    async def run() -> list[str]:
        async with listening(desk) as socket:
            await asyncio.to_thread(desk.market)
            return [e["x"] for e in await heard(socket, seconds) if e.get("e") == "executionReport"]

    return asyncio.run(run())


def drop_event(desk: Desk) -> None:
    desk.arm("drop_event")
    assert (steps(desk), steps(desk)) == (["TRADE"], ["NEW", "TRADE"])


def reorder_stream(desk: Desk) -> None:
    desk.arm("reorder_stream")
    assert steps(desk) == ["TRADE", "NEW"]
    # With nothing behind it, it comes by itself.
    desk.arm("drop_event", count=1)
    desk.arm("reorder_stream", ms=100)
    assert steps(desk) == ["TRADE"]


def late_stream(desk: Desk) -> None:
    desk.arm("late_stream", ms=250)
    assert steps(desk) == ["TRADE", "NEW"]


def silent_socket(desk: Desk) -> None:
    async def run() -> tuple[list[Any], list[Any]]:
        async with listening(desk) as socket:
            assert (await asyncio.to_thread(desk.arm, "silent_socket", ms=700))["silenced"] == 1
            await asyncio.to_thread(desk.market)
            await socket.ping()
            silent = await heard(socket, 0.3)
            await asyncio.sleep(0.5)
            assert not socket.closed
            await socket.ping()
            pong = await socket.receive(timeout=1)
            return silent, [pong.type]

    assert asyncio.run(run()) == ([], [aiohttp.WSMsgType.PONG])


STREAM_PROOFS = (fill_before_ack, drop_event, reorder_stream, late_stream, silent_socket)


@pytest.mark.parametrize("proof", STREAM_PROOFS, ids=lambda proof: proof.__name__)
def test_a_knob_of_the_streams_does_what_it_says(desk: Desk, proof: Callable[[Desk], None]) -> None:
    proof(desk)
