"""Every request that ccxt was recorded to send is read, judged and answered as Binance would."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import ccxt
import pytest

from apps.simulator.face.signing import signed_text
from tests.conformance.recordings import group, recorded
from tests.fixtures.simulator import Simulator

KEY, SECRET = "APIKEY", "SECRET"
# What the exchange refuses, and with which code: orders it has not, and what this one does not do.
REFUSED = {
    "spot_entry_with_attached_tp_sl": -1104,
    "spot_trailing_amount": -1104,
    # Recorded with one id for both legs, where ccxt had made up two.
    "spot_raw_oco": -2010,
    "spot_raw_otoco": -1020,
    "spot_raw_cancel_order_list": -2011,
    "spot_cancel_order": -2011,
    "spot_cancel_trigger_order": -2011,
    "spot_cancel_order_by_client_id": -2011,
    "spot_cancel_all_orders": -2011,
    "spot_edit_order": -2022,
    "spot_fetch_order": -2013,
}
CASES = group("ccxt_requests")
SENT = [(name, case) for name, case in CASES if "requests" in case]
KEPT = [(name, case) for name, case in CASES if "refused_by_ccxt" in case]
SIGNED = [(n, c) for n, c in SENT if "X-MBX-APIKEY" in (c["requests"][0].get("headers") or {})]


@pytest.fixture(scope="module")
def face(simulator: Simulator) -> Simulator:
    simulator.account("recorded", api_key=KEY, secret=SECRET)
    return simulator


@pytest.fixture(autouse=True)
def no_orders_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "face" in request.fixturenames and request.node.get_closest_marker("recorded"):
        face: Simulator = request.getfixturevalue("face")
        client = face.client({"api_key": KEY, "secret": SECRET})
        client.load_markets()
        for order in client.fetch_open_orders("BTC/USDT"):
            client.cancel_order(order["id"], "BTC/USDT")


def send(face: Simulator, sent: dict[str, Any]) -> tuple[int, Any]:
    """Send a recorded request as it was, but for time and signature."""
    address = urlsplit(sent["url"])
    query, body = address.query, sent.get("body") or ""
    if "timestamp=" in query + body:
        now = f"timestamp={time.time_ns() // 1_000_000}"
        query, body = (re.sub(r"timestamp=\d+", now, text) for text in (query, body))
        text = signed_text(query, body)
        signature = (
            "&signature=" + hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        )
        query, body = ("", text + signature) if body else (text + signature, "")
    request = urllib.request.Request(  # noqa: S310 - http
        f"{face.url}{address.path}?{query}",
        method=sent["method"],
        data=body.encode() if body else None,
        headers=sent.get("headers") or {},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.recorded
@recorded(SENT)
def test_a_recorded_request_is_answered_as_the_exchange_would(
    face: Simulator, name: str, case: Any
) -> None:
    for sent in case["requests"]:
        status, answer = send(face, sent)

        if name in REFUSED:
            assert answer["code"] == REFUSED[name], answer
            assert status in {400, 409}
        else:
            assert status == 200, answer


@recorded(SIGNED)
def test_a_recorded_signature_is_the_one_we_compute(name: str, case: Any) -> None:
    for sent in case["requests"]:
        query, body = urlsplit(sent["url"]).query, sent.get("body") or ""
        signature = re.search(r"signature=([0-9a-f]+)", query + body)
        assert signature
        text = signed_text(query, body)
        due = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        assert due == signature[1]


@pytest.mark.recorded
@recorded(KEPT)
def test_what_ccxt_was_recorded_to_refuse_never_reaches_the_exchange(
    face: Simulator, name: str, case: Any
) -> None:
    client = face.client({"api_key": KEY, "secret": SECRET})
    client.load_markets()
    error = getattr(ccxt, case["refused_by_ccxt"].split(":")[0])

    with pytest.raises(error):
        getattr(client, case["ccxt_method"])(*case["args"])

    assert client.fetch_open_orders("BTC/USDT") == []
