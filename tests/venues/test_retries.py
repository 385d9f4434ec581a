"""Reads are tried three times, with growing waits; order calls once."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
import structlog

from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways import order_calls
from apps.venues.gateways.errors import (
    NeverSent,
    OutcomeUnknown,
    RateLimited,
    ReadFailed,
    Rejected,
)
from apps.venues.gateways.families import family
from apps.venues.gateways.families.base import Terms
from apps.venues.gateways.gateway import Gateway
from tests.venues.conftest import Naps
from tests.venues.local import LocalVenue

TIME, ORDER = "/api/v3/time", "/api/v3/order"
BUSY = {"code": -1001, "msg": "Internal error; unable to process your request."}
TICKET = OrderTicket("c" * 32, "BTC/USDT", "buy", "market", "GTC", Decimal("0.1"))


async def test_retry_on_network_failure(venue: LocalVenue, caller: Gateway) -> None:
    venue.will(TIME, 502, "<html>Bad Gateway</html>")
    venue.will(TIME, 200, {"serverTime": 1_700_000_000_000})

    assert await caller.server_time_ms() == 1_700_000_000_000
    assert len(venue.asked(TIME)) == 2


async def test_retry_exponential_backoff(venue: LocalVenue, caller: Gateway, naps: Naps) -> None:
    venue.will(TIME, 500, BUSY)

    with structlog.testing.capture_logs() as logs, pytest.raises(ReadFailed):
        await caller.server_time_ms()

    assert naps.seconds == [2, 4]
    told = [row for row in logs if row["event"] == "venue.read_again"]
    assert [(row["attempt"], row["wait"]) for row in told] == [(1, 2), (2, 4)]


async def test_max_retries_exceeded(venue: LocalVenue, caller: Gateway) -> None:
    venue.will(TIME, 502, "<html>1</html>")
    venue.will(TIME, 502, "<html>2</html>")
    venue.will(TIME, 503, "<html>the last</html>")

    with pytest.raises(ReadFailed) as caught:
        await caller.server_time_ms()

    assert len(venue.asked(TIME)) == 3
    assert caught.value.context["status"] == 503
    assert "the last" in caught.value.context["message"]


async def test_what_the_venue_asks_for_goes_before_our_own_wait(
    venue: LocalVenue, caller: Gateway, naps: Naps
) -> None:
    venue.will(TIME, 429, {"code": -1003, "msg": "Too many requests"}, {"Retry-After": "0.2"})
    venue.will(TIME, 200, {"serverTime": 1})

    assert await caller.server_time_ms() == 1
    assert naps.seconds == [0.2]


async def test_a_long_ban_is_not_waited_out(venue: LocalVenue, caller: Gateway, naps: Naps) -> None:
    venue.will(TIME, 418, {"code": -1003, "msg": "banned"}, {"Retry-After": "600"})

    with pytest.raises(RateLimited) as caught:
        await caller.server_time_ms()
    assert caught.value.retry_after == 600
    assert naps.seconds == []
    assert len(venue.asked(TIME)) == 1
    # everybody with this key now leaves the venue alone
    assert (await caller.admit_orders(entries=1, exits=1)).exits == 0


async def test_a_refused_read_is_not_tried_again(venue: LocalVenue, caller: Gateway) -> None:
    venue.will("/api/v3/klines", 400, {"code": -1120, "msg": "Invalid interval."})

    with pytest.raises(Rejected) as caught:
        await caller.candles("BTC/USDT", "1h", None, 5)
    assert caught.value.venue_code == "-1120"
    assert len(venue.asked("/api/v3/klines")) == 1


async def test_an_order_call_that_times_out_is_sent_once(
    venue: LocalVenue, caller: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_calls, "TIMEOUT_SECONDS", 0.3)
    await caller._open()
    venue.hang.add(ORDER)

    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await caller.create_order(TICKET)
    with pytest.raises(OutcomeUnknown):
        await caller.cancel_order("BTC/USDT", TICKET.client_order_id)

    assert time.monotonic() - started < 3
    assert [request.method for request in venue.asked(ORDER)] == ["POST", "DELETE"]


async def test_the_order_carries_our_id_the_permits_time_and_a_short_window(
    venue: LocalVenue, caller: Gateway
) -> None:
    venue.will(ORDER, 200, "")

    with pytest.raises(OutcomeUnknown, match="ANSWER_NOT_WHOLE"):
        await caller.create_order(TICKET, permit_at_ms=1_700_000_000_123)

    (request,) = venue.asked(ORDER)
    sent = request.params
    assert sent["newClientOrderId"] == TICKET.client_order_id
    assert (sent["timestamp"], sent["recvWindow"]) == ("1700000000123", "4000")
    assert (sent["type"], sent["quantity"], sent["newOrderRespType"]) == ("MARKET", "0.1", "FULL")
    assert "price" not in sent
    assert "quoteOrderQty" not in sent


async def test_a_number_that_is_none_leaves_the_order_unknown(
    venue: LocalVenue, caller: Gateway
) -> None:
    answer: dict[str, Any] = {
        "symbol": "BTCUSDT", "orderId": 1, "clientOrderId": TICKET.client_order_id,
        "transactTime": 1, "price": "NaN", "origQty": "1e999", "executedQty": "0",
        "cummulativeQuoteQty": "0", "status": "NEW", "type": "MARKET", "side": "BUY",
    }  # fmt: skip
    venue.will(ORDER, 200, answer)

    with pytest.raises(OutcomeUnknown):
        await caller.create_order(TICKET)


async def test_an_order_to_a_port_nobody_listens_on_was_never_sent(
    venue: LocalVenue, caller: Gateway
) -> None:
    exchange = await caller._open()
    exchange.urls["api"]["private"] = "http://127.0.0.1:9/api/v3"

    with pytest.raises(NeverSent):
        await caller.create_order(TICKET)


async def test_a_venue_without_order_table_is_never_sent_an_order(venue: LocalVenue) -> None:
    with pytest.raises(NeverSent, match="VENUE_NOT_TRADABLE"):
        await order_calls.create(
            type("Exchange", (), {"id": "bitstamp"})(), family("bitstamp"), TICKET, Terms()
        )
