"""Every recorded error of Binance, through ccxt, by what it means for an order."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.venues.domain.reports import OrderTicket
from apps.venues.gateways.errors import (
    KeyDoesNotSign,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    VenueError,
)
from apps.venues.gateways.gateway import Gateway
from tests.venues.local import LocalVenue

DATA = Path(os.environ.get("DESK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
RECORDED = DATA / "venue_fixtures" / "binance" / "errors.json"
CASES = json.loads(RECORDED.read_text())["cases"] if RECORDED.exists() else []
TICKET = OrderTicket("c" * 32, "BTC/USDT", "buy", "market", "GTC", Decimal("0.1"))

UNKNOWN = {
    "duplicate_client_order_id", "server_busy", "timeout_status_unknown",
    "unexpected_response_status_unknown", "internal_error", "service_shutting_down",
    "waf_403_html", "gateway_502_html", "empty_body_200", "truncated_json_200",
    # about an order that is looked for, so no answer to a new one
    "cancel_unknown_order", "no_such_order",
}  # fmt: skip
LIMITED = {"rate_limit_429", "ip_ban_418", "too_many_orders"}
KEY = {"bad_signature", "bad_key_format", "bad_key_ip_permissions", "bad_listen_key"}


def wanted(label: str) -> type[VenueError]:
    if label in UNKNOWN:
        return OutcomeUnknown
    if label in LIMITED:
        return RateLimited
    return KeyDoesNotSign if label in KEY else Rejected


@pytest.mark.recorded
@pytest.mark.skipif(not CASES, reason=f"no recorded errors below {DATA}")
@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
async def test_a_recorded_error_means_what_the_venue_says(
    case: dict[str, Any], venue: LocalVenue, caller: Gateway
) -> None:
    headers = {k: v for k, v in case["headers"].items() if k != "Content-Type"}
    venue.will("/api/v3/order", case["status"], case["body"], headers)

    with pytest.raises(VenueError) as caught:
        await caller.create_order(TICKET)

    assert type(caught.value) is wanted(case["label"])
    assert len(venue.asked("/api/v3/order")) == 1
    if isinstance(caught.value, RateLimited) and "Retry-After" in headers:
        assert caught.value.retry_after == float(headers["Retry-After"])


async def test_a_revoked_key_stays_a_key_error_after_it_once_worked(
    venue: LocalVenue, caller: Gateway
) -> None:
    """ccxt calls -2015 a rate limit once a call has succeeded."""
    venue.will("/api/v3/account", 200, {"balances": [], "accountType": "SPOT"})
    await caller.balances()
    venue.will("/api/v3/order", 401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions"})

    with pytest.raises(KeyDoesNotSign):
        await caller.create_order(TICKET)
