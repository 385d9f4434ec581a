"""What the gateway sends to Binance USDⓈ-M, beside what ccxt was recorded to send; its errors."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.venues.domain.reports import Credentials
from apps.venues.gateways.budget import RateBudget
from apps.venues.gateways.errors import (
    NeverSent,
    NotHere,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    VenueError,
)
from apps.venues.gateways.families.base import Budget
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.wire import collect
from tests.venues.conftest import Naps
from tests.venues.local import LocalVenue
from tests.venues.perpetual_orders import (
    ALGO,
    NO_ORDER,
    ORDER,
    OURS,
    STOP,
    SYMBOL,
    TARGET,
    TICKETS,
    UNKNOWN_ORDER,
    selling,
    ticket,
    without_own,
)

DATA = Path(os.environ.get("DESK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
FIXTURES = DATA / "venue_fixtures" / "binanceusdm"
absent = pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")


def cases(name: str) -> Any:
    path = FIXTURES / f"{name}.json"
    return json.loads(path.read_text())["cases"] if path.exists() else []


@pytest.fixture
def perpetuals(venue: LocalVenue) -> LocalVenue:
    recorded = json.loads((FIXTURES / "markets_raw.json").read_text())
    venue.markets = recorded["exchanges"][0]["response"]
    venue.will("/fapi/v1/order", 200, ORDER)
    venue.will("/fapi/v1/algoOrder", 200, ALGO)
    return venue


def access(name: str, **changes: Any) -> Credentials:
    return Credentials(name, "binanceusdm", "simulated", "k" * 64, "s" * 64, **changes)


@pytest.fixture
async def trader(
    perpetuals: LocalVenue, naps: Naps, redis_server: object, request: pytest.FixtureRequest
) -> AsyncIterator[Gateway]:
    name = f"{request.node.name}:{perpetuals.port}"
    gateway = Gateway(access(name), budget=RateBudget(Budget(), address=name, key="k"), sleep=naps)
    yield gateway
    await gateway.close()


@absent
@pytest.mark.recorded
@pytest.mark.parametrize("name", TICKETS)
async def test_an_order_is_sent_as_ccxt_was_recorded_to_send_it(
    name: str, perpetuals: LocalVenue, trader: Gateway
) -> None:
    recorded = next(case for case in cases("ccxt_requests") if case["id"] == name)["requests"][0]

    await trader.create_order(TICKETS[name])

    path = urlsplit(recorded["url"]).path
    sent = perpetuals.asked(path)[0]
    assert sent.method == recorded["method"]
    theirs = dict(parse_qsl(recorded["body"])) | {"timeInForce": sent.params.get("timeInForce", "")}
    ours = {"timeInForce": ""} | sent.params
    assert without_own(ours) == without_own(theirs)
    assert ours.get("newClientOrderId") == OURS or ours.get("clientAlgoId") == OURS
    assert int(ours["recvWindow"]) <= 4000


@absent
async def test_hedge_mode_names_the_position_and_never_reduce_only(
    perpetuals: LocalVenue, naps: Naps, redis_server: object
) -> None:
    name = f"hedge:{perpetuals.port}"
    gateway = Gateway(
        access(name, position_mode="hedge"),
        budget=RateBudget(Budget(), address=name, key="k"),
        sleep=naps,
    )
    await gateway.create_order(selling("market", reduce_only=True, position_side="long"))
    await gateway.close()

    params = perpetuals.asked("/fapi/v1/order")[0].params
    assert params["positionSide"] == "LONG"
    assert "reduceOnly" not in params


@absent
@pytest.mark.parametrize(
    ("after_ms", "words"), [(3_600_000, {"timeInForce": "GTD"}), (60_000, {"timeInForce": "GTC"})]
)
async def test_good_till_date_is_the_venues_where_it_lives_long_enough(
    after_ms: int, words: dict[str, str], perpetuals: LocalVenue, trader: Gateway
) -> None:
    at_ms = 1_700_000_000_000
    await trader.create_order(
        ticket(time_in_force="GTD", expires_at_ms=at_ms + after_ms), permit_at_ms=at_ms
    )

    params = perpetuals.asked("/fapi/v1/order")[0].params
    assert params["timeInForce"] == words["timeInForce"]
    assert ("goodTillDate" in params) == (words["timeInForce"] == "GTD")


@absent
async def test_a_guarded_market_order_goes_out_as_limit_ioc_never_worse(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    await trader.create_order(ticket(type="market", worst_price=Decimal("50123.456")))

    params = perpetuals.asked("/fapi/v1/order")[0].params
    assert (params["type"], params["timeInForce"], params["price"]) == ("LIMIT", "IOC", "50123.4")


@absent
async def test_what_the_venue_lacks_never_leaves(perpetuals: LocalVenue, trader: Gateway) -> None:
    stop = selling("stop_market", stop_price=STOP)
    with pytest.raises(NotHere, match="NOT_AT_THIS_VENUE"):
        await trader.create_oco(stop, selling("take_profit_market", stop_price=TARGET))
    with pytest.raises(NotHere, match="feature=iceberg"):
        await trader.create_order(ticket(type="iceberg"))
    with pytest.raises(NeverSent, match="TRAILING_RATE_OFF_STEP"):
        await trader.create_order(selling("trailing_stop_market", trailing_rate=Decimal("0.01234")))
    assert not perpetuals.asked("/fapi/v1/order")
    assert not perpetuals.asked("/fapi/v1/algoOrder")


@absent
async def test_an_order_is_none_only_when_both_lists_say_so(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    perpetuals.answers["/fapi/v1/order"] = [(400, NO_ORDER, {})]
    found = await trader.order(SYMBOL, OURS)
    assert found is not None
    assert (found.venue_order_id, found.type) == ("9", "stop_market")

    perpetuals.answers["/fapi/v1/algoOrder"] = [(400, NO_ORDER, {})]
    assert await trader.order(SYMBOL, OURS) is None


@absent
async def test_what_became_of_a_triggered_order_is_read_from_its_second(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    done = ALGO | {"algoStatus": "FINISHED", "actualOrderId": "77", "actualQty": "0.004"}
    perpetuals.answers["/fapi/v1/algoOrder"] = [(200, done, {})]
    second = ORDER | {"orderId": 77, "status": "EXPIRED", "executedQty": "0.004"}
    perpetuals.answers["/fapi/v1/order"] = [
        (400, NO_ORDER, {}), (200, second | {"cumQuote": "180"}, {}),
    ]  # fmt: skip

    found = await trader.order(SYMBOL, OURS)

    assert found is not None
    assert (found.venue_order_id, found.triggered_id, found.status) == ("9", "77", "expired")
    assert (found.filled, found.cost) == (Decimal("0.004"), 180)
    assert [r.params.get("orderId") for r in perpetuals.asked("/fapi/v1/order")] == [None, "77"]


@absent
async def test_a_cancel_tries_the_list_of_its_type_first_and_then_the_other(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    perpetuals.answers["/fapi/v1/algoOrder"] = [(400, UNKNOWN_ORDER, {})]
    perpetuals.answers["/fapi/v1/order"] = [(200, ORDER | {"status": "CANCELED"}, {})]

    found = await trader.cancel_order(SYMBOL, OURS, type="stop_market")

    assert found is not None
    assert found.status == "canceled"
    asked = [r.path for r in perpetuals.seen if r.method == "DELETE"]
    assert asked == ["/fapi/v1/algoOrder", "/fapi/v1/order"]


@absent
async def test_an_edit_changes_price_and_amount_of_our_order(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    await trader.edit_order(ticket(client_order_id="d" * 32, price=Decimal(45000)), OURS)

    sent = perpetuals.asked("/fapi/v1/order")[1]
    assert (sent.method, sent.params["orderId"]) == ("PUT", "7")
    assert (sent.params["price"], sent.params["quantity"]) == ("45000", "0.01")


@absent
async def test_calls_about_orders_are_recorded_without_secrets(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    with collect() as records:
        await trader.create_order(ticket())
        await trader.order(SYMBOL, OURS)
        perpetuals.answers["/fapi/v1/order"] = [(400, UNKNOWN_ORDER, {})]
        perpetuals.answers["/fapi/v1/algoOrder"] = [(400, UNKNOWN_ORDER, {})]
        await trader.cancel_order(SYMBOL, OURS)

    verbs = [(r.verb, r.method, r.status) for r in records]
    assert verbs[:3] == [("create", "POST", 200), ("query", "GET", 200), ("query", "GET", 200)]
    assert ("cancel", "DELETE", 400) in verbs
    assert all(r.client_order_ids == (OURS,) for r in records)
    text = "".join(r.url + r.request + r.answer for r in records)
    assert "k" * 64 not in text
    assert "quantity=0.01" in text
    assert not any(len(part) == 64 for r in records for part in r.request.split("="))


UNKNOWN = {"no_such_order", "cancel_unknown_order"}
LIMITED = {"rate_limit_429", "ip_ban_418"}
SETTINGS = {"no_need_to_change_position_side", "no_need_to_change_margin_type"}


@absent
@pytest.mark.recorded
@pytest.mark.parametrize("case", cases("errors"), ids=lambda case: case["label"])
async def test_a_recorded_error_means_what_the_venue_says(
    case: dict[str, Any], perpetuals: LocalVenue, trader: Gateway
) -> None:
    perpetuals.answers["/fapi/v1/order"] = [(case["status"], case["body"], case["headers"])]

    with pytest.raises(VenueError) as caught:
        await trader.create_order(ticket())

    if case["label"] in UNKNOWN:
        assert type(caught.value) is OutcomeUnknown
    elif case["label"] in LIMITED:
        assert isinstance(caught.value, RateLimited)
        assert caught.value.retry_after == float(case["headers"]["Retry-After"])
    else:
        assert isinstance(caught.value, Rejected)
        assert caught.value.venue_code == str(case["body"]["code"])
    assert len(perpetuals.asked("/fapi/v1/order")) == 1


@absent
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""), (200, "{}"), (200, '{"orderId": 7, "symb'), (503, {"code": -1006, "msg": "x"}),
        (400, {"code": -1007, "msg": "Timeout waiting"}), (502, "<html>bad gateway</html>"),
        (400, {"code": -4116, "msg": "ClientOrderId is duplicated."}), (500, {"code": -1001}),
    ],
    ids=["empty", "hollow", "cut", "-1006", "-1007", "html", "-4116", "-1001"],
)  # fmt: skip
async def test_what_proves_nothing_is_unknown(
    status: int, body: Any, perpetuals: LocalVenue, trader: Gateway
) -> None:
    perpetuals.answers["/fapi/v1/order"] = [(status, body, {})]
    perpetuals.answers["/fapi/v1/algoOrder"] = [(status, body, {})]
    with pytest.raises(OutcomeUnknown):
        await trader.create_order(ticket())
    with pytest.raises(OutcomeUnknown):
        await trader.create_order(selling("stop_market", stop_price=STOP))


@absent
async def test_settings_that_already_are_so_are_no_error(
    perpetuals: LocalVenue, trader: Gateway
) -> None:
    labelled = {case["label"]: case for case in cases("errors")}
    for path, label in (
        ("marginType", "no_need_to_change_margin_type"),
        ("positionSide/dual", "no_need_to_change_position_side"),
    ):
        perpetuals.will(f"/fapi/v1/{path}", 400, labelled[label]["body"])
    perpetuals.will("/fapi/v1/leverage", 400, labelled["bad_leverage"]["body"])

    await trader.set_margin_mode(SYMBOL, "isolated")
    await trader.set_position_mode("hedge")
    with pytest.raises(Rejected, match="-4028"):
        await trader.set_leverage(SYMBOL, 120)
    with pytest.raises(NeverSent, match="between 1 and 125"):
        await trader.set_leverage(SYMBOL, 200)
