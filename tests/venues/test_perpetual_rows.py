"""Binance USDⓈ-M: every recorded row and message of orders, fills, positions and prices is read."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.portfolio.domain.closes import kind_of_name
from apps.venues.domain.reports import FillReport, OrderReport, PositionReport
from apps.venues.gateways.families import binanceusdm, binanceusdm_stream
from apps.venues.gateways.families.news import AccountNews

DATA = Path(os.environ.get("DESK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
FIXTURES = DATA / "venue_fixtures" / "binanceusdm"
pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}")
STATUSES = {"open": "open", "closed": "closed", "canceled": "canceled", "expired": "expired"}


def cases(name: str) -> Any:
    path = FIXTURES / f"{name}.json"
    return json.loads(path.read_text())["cases"] if path.exists() else {}


def response(name: str, group: str = "rest") -> Any:
    return cases(group)[name]["response"]


def parsed() -> list[Any]:
    wanted = ("order", "orders", "trades", "positions")
    return [
        pytest.param(
            case, id=f"{case['ccxt_method']}-{case['fixture'].rpartition('/')[2].partition('.')[0]}"
        )
        for case in cases("ccxt_parsed")
        if case["ccxt_method"].endswith(wanted)
    ]


@pytest.mark.recorded
@pytest.mark.parametrize("case", parsed())
def test_a_recorded_answer_is_read_as_ccxt_reads_it(case: dict[str, Any]) -> None:
    theirs = case["parsed"] if isinstance(case["parsed"], list) else [case["parsed"]]
    for row in theirs:
        if case["ccxt_method"].endswith("positions"):
            position = binanceusdm.read_position(row["info"])
            assert abs(position.amount) == Decimal(str(row["contracts"]))
            assert position.entry_price == Decimal(str(row["entryPrice"]))
            assert position.side == row["side"] == "long"
        elif case["ccxt_method"].endswith("trades"):
            fill = binanceusdm.read_fill(row["info"])
            assert (fill.venue_trade_id, fill.venue_order_id) == (row["id"], row["order"])
            assert (fill.side, fill.liquidity) == (row["side"], row["takerOrMaker"])
            assert fill.amount == Decimal(str(row["amount"]))
            assert fill.fee == Decimal(str(row["fee"]["cost"]))
            assert (fill.realised, fill.position_side) == (Decimal("-0.91539999"), "short")
        else:
            order = binanceusdm.read_order(row["info"])
            assert (order.venue_order_id, order.client_order_id) == (
                row["id"],
                row["clientOrderId"],
            )
            assert (order.side, order.status) == (row["side"], STATUSES[row["status"]])
            assert order.amount == Decimal(str(row["amount"]))
            assert order.filled == Decimal(str(row["filled"]))


ALGOS = [
    ("rest", "place_conditional_order", "open", "", "take_profit_limit"),
    ("rest", "cancel_conditional_order", "canceled", "", "take_profit_limit"),
    ("rest", "get_conditional_order", "closed", "974828356187", "stop_market"),
    ("rest", "get_open_conditional_orders", "open", "", "take_profit_limit"),
    ("rest", "get_conditional_orders", "closed", "974828356187", "stop_market"),
    ("rest_nautilus", "open_algo_orders", "open", "", "stop_market"),
]


@pytest.mark.recorded
@pytest.mark.parametrize(("group", "name", "status", "second", "kind"), ALGOS, ids=str)
def test_a_recorded_conditional_order_names_its_second_id(
    group: str, name: str, status: str, second: str, kind: str
) -> None:
    found = response(name, group)
    order = binanceusdm.read_algo_order(found[0] if isinstance(found, list) else found)
    assert (order.status, order.triggered_id, order.type) == (status, second, kind)
    assert order.venue_order_id.isdigit()
    if second:
        assert order.filled == order.amount == Decimal("0.002")


@pytest.mark.recorded
@pytest.mark.parametrize("name", ["position_risk", "get_position_information", "get_positions"])
def test_recorded_positions_have_a_sign_and_a_margin_mode(name: str) -> None:
    group = "rest_nautilus" if name == "position_risk" else "rest"
    found = [binanceusdm.read_position(row) for row in response(name, group)]
    assert {p.margin_mode for p in found} <= {"cross", "isolated"}
    assert found[0].leverage in {Decimal(20), Decimal(10), Decimal(4)}
    assert found[0].amount >= 0


@pytest.mark.recorded
def test_recorded_income_and_wallets_are_read() -> None:
    funding = binanceusdm.read_funding(response("get_income_history")[1])
    assert (funding.symbol, funding.amount, funding.asset) == ("BTCUSDT", Decimal("-0.01"), "USDT")
    assert binanceusdm.read_balances(response("get_account_info_v3"))["USDT"] == Decimal(
        "23.72469206"
    )


def messages() -> list[Any]:
    found = []
    for group in ("ws", "ws_nautilus"):
        for name, case in cases(group).items():
            data = next(m["message"] for m in case["messages"] if m["dir"] == "server_data")
            data = data.get("data", data) if isinstance(data, dict) else data
            if isinstance(data, dict):
                found.append(pytest.param(data, id=f"{group}-{name}"))
    return found


ORDERS, PRICES = (
    {"ORDER_TRADE_UPDATE", "ALGO_UPDATE"},
    {"24hrTicker", "bookTicker", "markPriceUpdate"},
)


@pytest.mark.recorded
@pytest.mark.parametrize("message", messages())
def test_a_recorded_message_is_read_or_left_alone(message: dict[str, Any]) -> None:
    kind = message.get("e")
    private = binanceusdm_stream.read_private(message)
    quote = binanceusdm_stream.read_quote(message)

    assert (quote is not None) == (kind in PRICES)
    if kind in ORDERS:
        assert private is not None
        assert isinstance(private[0], OrderReport)
        executed = kind == "ORDER_TRADE_UPDATE" and Decimal(message["o"]["l"]) > 0
        assert [type(item) for item in private[1:]] == ([FillReport] if executed else [])
    elif kind == "ACCOUNT_UPDATE":
        assert private is not None
        assert all(isinstance(item, PositionReport) for item in private)
        assert len(private) == len(message["a"]["P"])
    else:
        assert private is None


@pytest.mark.recorded
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("adl", "closed"),
        ("calculated", "closed"),
        ("insurance", "closed"),
        ("settlement", "closed"),
    ],
)
def test_what_the_venue_closes_itself_is_recognised(name: str, status: str) -> None:
    case = cases("ws_nautilus")[f"order_update_{name}"]["messages"][0]["message"]
    order, fill = binanceusdm_stream.read_private(case) or []
    assert isinstance(order, OrderReport)
    assert isinstance(fill, FillReport)
    assert (order.status, fill.is_liquidation) == (status, True)
    assert fill.realised is not None
    assert fill.realised < 0
    assert fill.position_side in {"long", "short"}


def test_funding_that_was_paid_is_news_to_be_read() -> None:
    message = {"e": "ACCOUNT_UPDATE", "E": 2, "T": 2, "a": {"m": "FUNDING_FEE", "B": [], "P": []}}
    assert binanceusdm_stream.read_private(message) == [AccountNews("funding", 2)]


def test_the_list_of_forced_orders_names_both_kinds_as_the_venue_recorded_them() -> None:
    rows = [binanceusdm.read_order(row) for row in response("get_forced_orders")]

    assert [kind_of_name(row.client_order_id) for row in rows] == ["liquidation", "deleverage"]
    assert [(row.side, row.position_side, row.filled) for row in rows] == [
        ("sell", "", Decimal("0.001")),
        ("buy", "short", Decimal("0.001")),
    ]
