"""Orders by hand over the API: wrong input is named, one key acts once, roles hold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.approvals.models import ChangeRequest
from apps.bots.models import Bot
from apps.core.clock import now
from apps.marketdata.models import Instrument
from apps.orders.models import Order, OrderGroup
from apps.portfolio.models import Position
from apps.trading.actions import place_manual as placing
from tests.factories import make_bot, make_instrument, make_order, make_quote

pytestmark = pytest.mark.django_db
BUY = {"side": "buy", "type": "limit", "amount": "1", "price": "100", "reason": "try"}


@pytest.fixture
def where(db: None) -> dict[str, str]:
    instrument = make_instrument(symbol="BTC/USDT")
    # a busy machine must not make the price stale
    make_quote(instrument, at=now() + timedelta(minutes=1))
    return {"bot": make_bot(instruments=[instrument]).slug, "symbol": "BTC/USDT"}


def test_an_order_is_placed_once_for_its_key(client_of: Any, where: dict[str, str]) -> None:
    client = client_of("operator")
    first = client.act("/api/v1/orders/", BUY | where, key="one")
    again = client.act("/api/v1/orders/", BUY | where, key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["order"] == again.json()["order"]
    order = Order.objects.get()
    assert (order.origin, order.price, order.scheduled.endswith(":one")) == ("manual", 100, True)


def test_on_real_money_it_answers_with_the_request_for_a_second_person(
    client_of: Any, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "REAL_MONEY", {"paper"})
    client = client_of("operator")
    first = client.act("/api/v1/orders/", BUY | where, key="one")
    again = client.act("/api/v1/orders/", BUY | where, key="one")
    request = ChangeRequest.objects.get()
    assert (first.status_code, first.json()) == (202, again.json())
    assert (first.json()["order"], first.json()["request"]) == (None, request.reference)
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"side": "long"}, 400, "INVALID_INPUT"),
        ({"type": "iceberg"}, 400, "INVALID_INPUT"),
        ({"amount": 1.5}, 400, "NOT_A_NUMBER"),
        ({"amount": "NaN"}, 400, "NOT_A_NUMBER"),
        ({"reason": ""}, 400, "INVALID_INPUT"),
        ({"symbol": "NO/SUCH"}, 404, "UNKNOWN_INSTRUMENT"),
        ({"bot": "nobody"}, 404, "UNKNOWN_BOT"),
        ({"amount": "-1"}, 422, "NOT_POSITIVE"),
        ({"price": "100.005"}, 422, "PRICE_OFF_TICK"),
        ({"price": "90"}, 422, "PRICE_COLLAR"),
        ({"type": "market"}, 422, "PRICE_NOT_TAKEN"),
        ({"time_in_force": "GTD"}, 422, "EXPIRY_REQUIRED"),
        ({"side": "sell"}, 422, "REDUCE_EXCEEDS_POSITION"),
    ],
)
def test_wrong_terms_are_named_and_nothing_is_placed(
    client_of: Any, where: dict[str, str], change: dict[str, Any], status: int, code: str
) -> None:
    answer = client_of("operator").act("/api/v1/orders/", BUY | where | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 422 and code in {"PRICE_COLLAR", "PRICE_OFF_TICK"}:
        assert answer.json()["context"]["refusals"][0]["would_pass"]
    assert Order.objects.count() == 0


def test_a_dry_run_needs_no_key_and_places_nothing(client_of: Any, where: dict[str, str]) -> None:
    client = client_of("operator")
    answer = client.post("/api/v1/orders/?dry_run=true", BUY | where, format="json")
    assert answer.status_code == 200
    assert answer.json()["is_allowed"] is True
    assert answer.json()["reserved_cost"] == "100"
    assert Order.objects.count() == 0


@pytest.mark.parametrize("role", ["viewer", "strategist", "auditor", "risk_manager"])
def test_who_may_not_place_orders_is_refused(
    client_of: Any, where: dict[str, str], role: str
) -> None:
    answer = client_of(role).act("/api/v1/orders/", BUY | where)
    assert answer.status_code == 403
    assert answer.json()["context"] == {"permission": "place_orders"}
    assert Order.objects.count() == 0


def test_an_amendment_and_a_batch_of_cancels(client_of: Any, where: dict[str, str]) -> None:
    client = client_of("operator")
    instrument = make_instrument(symbol="BTC/USDT")
    bot = make_bot(instruments=[instrument])
    order = make_order(bot, instrument, type="limit", price=Decimal(100), status="open")
    path = f"/api/v1/orders/{order.id}/"
    key = {"HTTP_IDEMPOTENCY_KEY": "a"}
    body = {"price": "99", "reason": "closer"}
    told = client.patch(f"{path}?dry_run=true", body, format="json")
    assert (told.status_code, told.json()["proposal"]["price"]) == (200, "99")
    made = client.patch(path, body, format="json", **key)
    assert made.status_code == 201
    assert Order.objects.get(id=made.json()["order"]).replaces_id == order.id
    nothing = client.patch(path, {"reason": "x"}, format="json", HTTP_IDEMPOTENCY_KEY="b")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "NOTHING_TO_AMEND")
    unknown = client.act(
        "/api/v1/orders/cancel-batch/", {"order_ids": [str(bot.id)], "reason": "x"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_ORDER")
    done = client.act("/api/v1/orders/cancel-batch/", {"bot": bot.slug, "reason": "enough"})
    assert (done.status_code, len(done.json()["orders"])) == (202, 2)


def test_groups_and_closing(client_of: Any, where: dict[str, str]) -> None:
    client, instrument = client_of("operator"), make_instrument(symbol="BTC/USDT")
    bot = make_bot(instruments=[instrument])
    body = {"bot": bot.slug, "symbol": "BTC/USDT", "stop_price": "97", "reason": "try"}
    empty = client.act("/api/v1/order-groups/", body)
    assert (empty.status_code, empty.json()["code"]) == (400, "GROUP_WITHOUT_POSITION")
    position = Position.objects.create(
        account_id=bot.account_id, bot=bot, instrument=instrument, amount=1, basis=100,
        updated_at=now(),
    )  # fmt: skip
    made = client.act("/api/v1/order-groups/", body)
    assert made.status_code == 201
    twice = client.act("/api/v1/order-groups/", body)
    assert (twice.status_code, twice.json()["code"]) == (409, "GROUP_OPEN")
    listed = client.get("/api/v1/order-groups/").json()["results"]
    assert [(g["kind"], g["state"], g["terms"]) for g in listed] == [
        ("oco", "open", {"stop_price": "97"})
    ]
    gone = client.delete(
        f"/api/v1/order-groups/{made.json()['group']}/", {"reason": "no"}, format="json",
        HTTP_IDEMPOTENCY_KEY="d",
    )  # fmt: skip
    assert gone.status_code == 202
    assert OrderGroup.objects.get().state == "canceled"
    closed = client_of("risk_manager").act(
        f"/api/v1/positions/{position.id}/close/", {"reason": "out"}
    )
    assert closed.status_code == 201
    assert Order.objects.get().purpose == "reduce"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target_price": "1e30"}, "NOT_A_NUMBER"),
        ({"stop_price": "-97"}, "NOT_A_NUMBER"),
        ({"stop_price": "97.005"}, "PRICE_OFF_TICK"),
        ({"trailing_rate": "-0.01"}, "TRAILING_OUT_OF_RANGE"),
        ({"trailing_rate": "0"}, "TRAILING_OUT_OF_RANGE"),
        ({"trailing_rate": "0.010001"}, "TRAILING_OFF_STEP"),
    ],
)
def test_exits_that_no_venue_takes_open_no_group(
    client_of: Any, where: dict[str, str], change: dict[str, str], code: str
) -> None:
    bot = Bot.objects.get(slug=where["bot"])
    Position.objects.create(
        account_id=bot.account_id, bot=bot, instrument=Instrument.objects.get(), amount=1,
        basis=100, updated_at=now(),
    )  # fmt: skip
    answer = client_of("operator").act("/api/v1/order-groups/", where | change | {"reason": "try"})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert OrderGroup.objects.count() == 0


def test_a_stop_is_not_moved_to_a_price_that_is_none(client_of: Any, where: dict[str, str]) -> None:
    bot = Bot.objects.get(slug=where["bot"])
    stop = make_order(
        bot, Instrument.objects.get(), status="open", purpose="protect", side="sell",
        type="stop_market", stop_price=Decimal(95),
    )  # fmt: skip
    answer = client_of("operator").patch(
        f"/api/v1/orders/{stop.id}/", {"stop_price": "1e30", "reason": "try"}, format="json",
        HTTP_IDEMPOTENCY_KEY="s",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_A_NUMBER")


def test_execution_quality_tells_its_thresholds(client_of: Any, where: dict[str, str]) -> None:
    answer = client_of("viewer").get("/api/v1/execution-quality/")
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert answer.json()["thresholds"]["reject_rate"]["reducing"] == 0.3
