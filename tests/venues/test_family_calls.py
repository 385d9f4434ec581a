"""Orders of the five venues asked for, cancelled and listed by our own id, over recorded answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.core.errors import InvalidInput
from apps.venues.domain.reports import Credentials
from apps.venues.gateways.errors import (
    KeyDoesNotSign,
    OutcomeUnknown,
    RateLimited,
    ReadFailed,
    Rejected,
    VenueError,
)
from apps.venues.gateways.exchanges import build_exchange
from apps.venues.gateways.families import FAMILIES
from apps.venues.gateways.gateway import Gateway
from tests.venues.replay import FIXTURES, OURS, ReplayVenue, response, ticket

pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")
SYMBOLS = {
    "bybit": "BTC/USDT", "okx": "BTC/USD", "kraken": "BTC/USD", "kucoin": "XLM/USDT",
    "hyperliquid": "BTC/USDC:USDC",
}  # fmt: skip
# where an order is asked for, the answer that there is none, and one with ours in a state
KRAKEN_ROW = {
    "status": "canceled", "cl_ord_id": OURS, "opentm": 1688148493.77, "closetm": 1688148610.04,
    "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1", "price2": "0"},
    "vol": "2", "vol_exec": "1", "cost": "1",
}  # fmt: skip
HYPERLIQUID_ROW = {
    "order": {
        "coin": "BTC", "side": "B", "limitPx": "1", "sz": "1", "oid": 7, "timestamp": 7,
        "origSz": "2", "cloid": f"0x{OURS}", "orderType": "Limit",
    },
    "status": "canceled", "statusTimestamp": 1688148610040,
}  # fmt: skip


def answers(venue: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the answers by path: none here, here and cancelled, a cancel taken."""
    if venue == "bybit":
        row = response(venue, "rest", "get_order_history")["result"]["list"][0]
        row |= {"orderLinkId": OURS, "rejectReason": "EC_PerCancelRequest",
                "qty": "2", "cumExecQty": "1", "cumExecValue": "1"}  # fmt: skip
        none = {"retCode": 0, "result": {"category": "spot", "list": []}}
        found = {"retCode": 0, "result": {"category": "spot", "list": [row]}}
        return (
            {"/v5/order/realtime": none, "/v5/order/history": none},
            {"/v5/order/realtime": none, "/v5/order/history": found},
            {"/v5/order/cancel": {"retCode": 0, "result": {"orderId": "7"}}},
        )
    if venue == "okx":
        row = response(venue, "rest", "get_order_details")["data"][0]
        row |= {"clOrdId": OURS, "state": "canceled", "sz": "2", "accFillSz": "1", "avgPx": "1"}
        gone = {"code": "51603", "data": [], "msg": "Order does not exist"}
        here = {"code": "0", "data": [row | {"tgtCcy": "", "instId": "BTC-USD"}]}
        taken = {"code": "0", "data": [{"sCode": "0", "ordId": "7"}]}
        return (
            {"/api/v5/trade/order": gone, "/api/v5/trade/order-algo": gone},
            {"/api/v5/trade/order": here, "/api/v5/trade/order-algo": gone},
            {"/api/v5/trade/cancel-order": taken},
        )
    if venue == "kraken":
        empty = {"error": [], "result": {"closed": {}}}
        return (
            {"/0/private/OpenOrders": {"error": [], "result": {"open": {}}},
             "/0/private/ClosedOrders": empty},
            {"/0/private/OpenOrders": {"error": [], "result": {"open": {}}},
             "/0/private/ClosedOrders": {"error": [], "result": {"closed": {"O7": KRAKEN_ROW}}}},
            {"/0/private/CancelOrder": {"error": [], "result": {"count": 1}}},
        )  # fmt: skip
    if venue == "kucoin":
        (row,) = response(venue, "rest_hf", "get_closed_orders")["data"]["items"]
        row |= {
            "clientOid": OURS,
            "symbol": "XLM-USDT",
            "size": "2",
            "dealSize": "1",
            "dealFunds": "1",
        }
        here = f"/api/v1/hf/orders/client-order/{OURS}"
        apart = "/api/v1/stop-order/queryOrderByClientOid"
        none = {"code": "200000", "data": None}
        return (
            {here: none, apart: {"code": "200000", "data": []}},
            {here: {"code": "200000", "data": row}, apart: none},
            {here: {"code": "200000", "data": {"clientOid": OURS} | row}},
        )
    return (
        {"/info": {"status": "unknownOid"}},
        {"/info": {"status": "order", "order": HYPERLIQUID_ROW}},
        {"/exchange": {"status": "ok", "response": {"data": {"statuses": ["success"]}}}},
    )


def tell(replay: ReplayVenue, *tables: dict[str, Any]) -> None:
    for table in tables:
        for path, answer in table.items():
            replay.answers[path] = [(200, answer, {})]


venues = pytest.mark.parametrize("replay", list(SYMBOLS), indirect=True)


@venues
async def test_an_order_is_none_only_where_every_list_says_so(
    replay: ReplayVenue, trader: Gateway
) -> None:
    absent, here, _ = answers(replay.venue)
    tell(replay, absent)
    assert await trader.order(SYMBOLS[replay.venue], OURS) is None

    tell(replay, here)
    found = await trader.order(SYMBOLS[replay.venue], OURS)
    assert found is not None
    assert (found.client_order_id, found.status, found.symbol) == (
        OURS, "canceled", SYMBOLS[replay.venue],
    )  # fmt: skip
    assert (found.amount, found.filled, found.cost) == (2, 1, 1)
    if replay.venue in {"bybit", "okx", "kraken"}:
        # a row of another order is not ours, whatever was asked for
        assert await trader.order(SYMBOLS[replay.venue], "e" * 32) is None


@venues
async def test_an_answer_that_is_not_whole_is_no_absence(
    replay: ReplayVenue, trader: Gateway
) -> None:
    for path in answers(replay.venue)[0]:
        replay.answers[path] = [(200, "{}", {})]
    with pytest.raises(ReadFailed):
        await trader.order(SYMBOLS[replay.venue], OURS)


@venues
async def test_a_cancel_tells_what_became_of_the_order(
    replay: ReplayVenue, trader: Gateway
) -> None:
    _, here, taken = answers(replay.venue)
    tell(replay, here, taken)

    found = await trader.cancel_order(SYMBOLS[replay.venue], OURS)

    assert found is not None
    assert (found.status, found.filled) == ("canceled", 1)
    sent = next(r for r in replay.seen if r.path in taken)
    assert OURS in str(sent.params) + sent.path


@pytest.mark.parametrize("replay", ["kraken"], indirect=True)
async def test_all_of_a_symbol_are_cancelled_one_by_one_where_the_desk_does_it(
    replay: ReplayVenue, trader: Gateway
) -> None:
    _, here, taken = answers(replay.venue)
    tell(replay, here, taken)
    by_hand = {key: value for key, value in KRAKEN_ROW.items() if key != "cl_ord_id"}
    rows = {"O7": KRAKEN_ROW | {"status": "open"}, "O8": by_hand | {"status": "open"}}
    listed = {"error": [], "result": {"open": rows}}
    replay.answers["/0/private/OpenOrders"] = [
        (200, listed, {}), (200, {"error": [], "result": {"open": {}}}, {}),
    ]  # fmt: skip

    found = await trader.cancel_all(SYMBOLS["kraken"])

    assert [(r.venue_order_id, r.status) for r in found] == [("O7", "canceled"), ("O8", "open")]
    cancels = [r.params for r in replay.seen if r.path == "/0/private/CancelOrder"]
    assert [words["cl_ord_id"] for words in cancels] == [OURS]


@pytest.mark.parametrize("replay", ["bybit", "okx", "kraken", "hyperliquid"], indirect=True)
async def test_a_cancel_that_is_taken_but_not_seen_proves_nothing_of_the_order(
    replay: ReplayVenue, trader: Gateway
) -> None:
    absent, _, taken = answers(replay.venue)
    tell(replay, absent, taken)
    with pytest.raises(OutcomeUnknown, match="CANCEL_NOT_SEEN"):
        await trader.cancel_order(SYMBOLS[replay.venue], OURS)


TOLD = [
    ("okx", 200, {"code": "1", "data": [{"sCode": "51008", "sMsg": "Insufficient"}]}, Rejected),
    ("okx", 200, {"code": "0", "data": [{"ordId": "", "sCode": "51000", "sMsg": "x"}]}, Rejected),
    ("okx", 200, {"code": "1", "data": [{"sCode": "51016", "sMsg": "Duplicated"}]}, OutcomeUnknown),
    ("okx", 200, {"code": "0", "data": [{"ordId": "", "sCode": "0"}]}, OutcomeUnknown),
    ("okx", 200, {"code": "50102", "data": [], "msg": "Timestamp expired"}, Rejected),
    ("okx", 401, {"code": "50113", "data": [], "msg": "Invalid Sign"}, KeyDoesNotSign),
    ("okx", 429, {"code": "50011", "data": [], "msg": "Too Many Requests"}, RateLimited),
    ("okx", 503, {"code": "50001", "data": [], "msg": "unavailable"}, OutcomeUnknown),
    ("okx", 200, {"code": "50004", "data": [], "msg": "timeout, order unknown"}, OutcomeUnknown),
    ("kucoin", 200, {"code": "200004", "msg": "Balance insufficient!"}, Rejected),
    ("kucoin", 200, {"code": "400100", "msg": "Order size below the minimum"}, Rejected),
    ("kucoin", 200, {"code": "400100", "msg": "clientOid is used"}, OutcomeUnknown),
    ("kucoin", 401, {"code": "400005", "msg": "Invalid KC-API-SIGN"}, KeyDoesNotSign),
    ("kucoin", 400, {"code": "400002", "msg": "KC-API-TIMESTAMP Invalid"}, Rejected),
    ("kucoin", 429, {"code": "429000", "msg": "Too many requests"}, RateLimited),
    ("kucoin", 200, {"code": "500000", "msg": "Internal Server Error"}, OutcomeUnknown),
    ("kucoin", 200, {"code": "200000", "data": {}}, OutcomeUnknown),
]
PLACES = {"okx": "/api/v5/trade/batch-orders", "kucoin": "/api/v1/hf/orders"}


@pytest.mark.parametrize(
    ("replay", "status", "body", "meaning"), TOLD, indirect=["replay"],
    ids=[f"{venue}-{n}-{kind.__name__}" for n, (venue, _, _, kind) in enumerate(TOLD)],
)  # fmt: skip
async def test_a_documented_error_means_what_the_venue_says(
    replay: ReplayVenue, status: int, body: Any, meaning: type[VenueError], trader: Gateway
) -> None:
    replay.will(PLACES[replay.venue], status, body)
    with pytest.raises(VenueError) as caught:
        await trader.create_order(
            ticket(SYMBOLS[replay.venue], amount=Decimal(10), price=Decimal("0.5"))
        )
    assert type(caught.value) is meaning


@pytest.mark.parametrize(
    ("replay", "where"),
    [("bybit", "X-BAPI-TIMESTAMP"), ("okx", "expTime"), ("kucoin", "KC-API-TIMESTAMP")],
    indirect=["replay"],
)
async def test_a_late_request_is_refused_by_the_time_of_its_permit(
    replay: ReplayVenue, where: str, trader: Gateway
) -> None:
    at_ms = 1_700_000_000_000
    paths = {"bybit": "/v5/order/create", **PLACES}
    replay.will(paths[replay.venue], 502, "")
    with pytest.raises(OutcomeUnknown):
        await trader.create_order(
            ticket(SYMBOLS[replay.venue], amount=Decimal(10), price=Decimal("0.5")),
            permit_at_ms=at_ms,
        )
    head = replay.heads[-1]
    assert head[where] == str(at_ms + (4000 if where == "expTime" else 0))
    assert "Referer" not in head


@pytest.mark.parametrize("venue", sorted(FAMILIES))
@pytest.mark.parametrize("sandbox", ["testnet", "demo"])
def test_a_practice_exchange_is_reached_or_refused_with_a_code(venue: str, sandbox: str) -> None:
    access = Credentials("a", venue, "testnet", "k", "s", sandbox=sandbox)
    if sandbox not in FAMILIES[venue].practice:
        with pytest.raises(InvalidInput, match="SANDBOX_NOT_AT_THIS_VENUE"):
            build_exchange(access)
        return
    live = build_exchange(Credentials("a", venue, "live", "k", "s"))
    practice = build_exchange(access)
    assert practice.urls["api"] != live.urls["api"] or practice.headers.get("x-simulated-trading")
