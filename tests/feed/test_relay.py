"""Streams: replaced before their cut, dropped when silent, their gaps seen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from apps.trading.feed.intake import Intake
from apps.trading.feed.market_feed import MarketFeed
from apps.trading.feed.plan import Market, MarketPlan
from apps.trading.feed.relay import Relay
from apps.venues.domain.reports import CandleRow
from apps.venues.gateways.errors import StreamLost
from apps.venues.gateways.families import FAMILIES
from apps.venues.gateways.mailbox import Mailbox
from apps.venues.gateways.streams import SILENT_SECONDS, Streams


class Numbered:
    """What a relay needs of a gateway: that it can be closed."""

    def __init__(self, log: list[str], number: int) -> None:
        self.log, self.number = log, number

    async def close(self) -> None:
        self.log.append(f"closed {self.number}")


async def test_the_next_stream_is_subscribed_before_the_last_one_ends() -> None:
    log: list[str] = []

    def make() -> Any:
        return Numbered(log, sum(line.startswith("opened") for line in log))

    async def run(gateway: Any, live: asyncio.Event) -> None:
        number = gateway.number
        log.append(f"opened {number}")
        await asyncio.sleep(0.01)
        log.append(f"live {number}")
        live.set()
        if number == 2:
            raise StreamLost(message="cut")
        await asyncio.sleep(60)

    with pytest.raises(StreamLost, match="cut"):
        await asyncio.wait_for(Relay(make, run, lifetime=0.05).keep(), 10)

    assert log == [
        "opened 0", "live 0", "opened 1", "live 1", "closed 0", "opened 2", "live 2", "closed 1",
        "closed 2",
    ]  # fmt: skip


class Socket:
    """A client whose last word was a while ago; it takes pings and answers none."""

    def __init__(self, url: str) -> None:
        self.url, self.subscriptions, self.isConnected = url, {"linear": True}, True
        self.connectionEstablished = 0
        self.last_message_at: int | None = 1
        self.connection, self.pings = self, 0

    async def ping(self) -> None:
        self.pings += 1


class Exchange:
    def __init__(self, socket: Socket, silent_ms: int) -> None:
        self.id, self.clients, self.silent_ms = "x", {socket.url: socket}, silent_ms
        self.markets_by_id: dict[str, Any] = {}

    def milliseconds(self) -> int:
        return 1 + self.silent_ms


@pytest.mark.parametrize(
    ("silent_ms", "is_dropped"), [(int(SILENT_SECONDS * 1000) + 1, True), (1000, False)]
)
async def test_a_socket_that_answers_no_ping_is_dropped(
    silent_ms: int, is_dropped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.venues.gateways.streams.PING_SECONDS", 0.01)
    socket, mailbox = Socket("ws://x"), Mailbox[Any]()
    streams = Streams(Exchange(socket, silent_ms), FAMILIES["binanceusdm"])
    pinging = asyncio.ensure_future(streams._keep_pinging(["linear"], mailbox))
    await asyncio.sleep(0.1)
    pinging.cancel()

    assert mailbox.ended.startswith("silent") == is_dropped
    assert (socket.pings > 0) != is_dropped


def test_a_missing_candle_is_seen_while_streaming_and_an_old_one_is_none() -> None:
    plan = MarketPlan(Market("binance", "simulated"), {("BTC/USDT", "1h"): 10}, ())
    feed = MarketFeed(plan, None, Intake())  # type: ignore[arg-type]
    hour = 3_600_000

    def gap(*opens: int) -> bool:
        return feed._has_gap(
            [CandleRow("BTC/USDT", "1h", ts * hour, 1, 1, 1, 1, 1) for ts in opens]
        )

    assert [gap(1), gap(2, 3), gap(3, 2), gap(5), gap(6)] == [False, False, False, True, False]
