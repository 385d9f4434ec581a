"""What each recorded error of a venue means: a refusal only where the venue says that nothing happened."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.venues.gateways.errors import (
    KeyDoesNotSign,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    VenueError,
)
from apps.venues.gateways.gateway import Gateway
from tests.venues.replay import FIXTURES, ReplayVenue, cases, ticket

pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")
SYMBOLS = {"bybit": "BTC/USDT:USDT", "okx": "BTC/USDT:USDT", "kraken": "BTC/USD",
           "hyperliquid": "BTC/USDC:USDC", "kucoin": "XLM/USDT"}  # fmt: skip
PATHS = {"bybit": "/v5/order/create", "okx": "/api/v5/trade/batch-orders",
         "kraken": "/0/private/AddOrder", "hyperliquid": "/exchange",
         "kucoin": "/api/v1/hf/orders"}  # fmt: skip
# by label; whatever is in none of these is a refusal
UNKNOWN = {
    "bybit": {
        "-1", "429", "10000", "10014", "10016", "40004", "110001", "110008", "110010", "110072",
        "110079", "182100", "182101", "182102", "182103", "182108", "182110", "182111", "182112",
        "182011", "3100181", "3100197", "3200316", "3200317", "3100326", "3200419", "3200425",
        "3200320", "3200641", "3400208", "3400209", "3400210", "3400211", "3400212", "3400213",
        "3400052", "3400053", "3400054", "3400214", "3400071", "3401010", "3400139", "500010",
        "500011",
    },
    "kraken": {"unavailable", "busy", "timeout", "internal", "cloudflare_520", "unknown_order"},
    "hyperliquid": {"nonce", "deserialize_422", "cancel_unknown"},
}  # fmt: skip
KEYS = {
    "bybit": {
        "-2015", "33004", "10003", "10004", "10005", "10007", "10008", "10009", "10010", "10024",
        "10027", "10028",
    },
    "kraken": {"bad_key", "bad_signature", "permission"},
    "hyperliquid": {"unknown_wallet"},
}  # fmt: skip
LIMITED = {
    "bybit": {"10006", "30035", "http_403_ip_limit", "http_429"},
    "kraken": {"rate_limit", "order_rate_limit", "temporary_lockout"},
    "hyperliquid": {"too_many_cumulative", "rate_limit_429"},
}


def meant(venue: str, label: str) -> type[VenueError]:
    for table, kind in ((UNKNOWN, OutcomeUnknown), (KEYS, KeyDoesNotSign), (LIMITED, RateLimited)):
        if label in table.get(venue, ()):
            return kind
    return Rejected


@pytest.mark.recorded
@pytest.mark.parametrize(
    ("replay", "case"),
    [
        pytest.param(venue, case, id=f"{venue}-{case['label']}")
        for venue in PATHS
        for case in cases(venue, "errors") or ()
    ],
    indirect=["replay"],
)
async def test_a_recorded_error_means_what_the_venue_says(
    replay: ReplayVenue, case: dict[str, Any], trader: Gateway
) -> None:
    path = PATHS[replay.venue]
    replay.will(path, case["status"], case["body"], case["headers"])

    with pytest.raises(VenueError) as caught:
        await trader.create_order(ticket(SYMBOLS[replay.venue], amount=Decimal("0.01"),
                                         price=Decimal(50000)))  # fmt: skip

    wanted = meant(replay.venue, case["label"])
    # a setting that already is so is a refusal too, of a call that changes nothing
    found = Rejected if type(caught.value).__name__ == "AlreadySo" else type(caught.value)
    assert found is wanted
    assert len(replay.asked(path)) == 1


@pytest.mark.parametrize("replay", list(PATHS), indirect=True)
@pytest.mark.parametrize(
    ("status", "body"),
    [(200, ""), (200, "{}"), (200, '{"result": {"ord'), (502, "<html>bad gateway</html>")],
    ids=["empty", "hollow", "cut", "html"],
)
async def test_an_answer_that_proves_nothing_is_unknown(
    status: int, body: str, replay: ReplayVenue, trader: Gateway
) -> None:
    replay.will(PATHS[replay.venue], status, body)
    with pytest.raises(OutcomeUnknown):
        await trader.create_order(ticket(SYMBOLS[replay.venue], amount=Decimal("0.01"),
                                         price=Decimal(50000)))  # fmt: skip
