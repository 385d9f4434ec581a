"""Recorded rows and messages of five venues, read to exact values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.venues.domain.reports import FillReport, OrderReport, PositionReport
from apps.venues.gateways.families import bybit, family, hyperliquid, kraken, kucoin, okx
from tests.venues.replay import FIXTURES, cases, messages, response

pytestmark = [
    pytest.mark.recorded,
    pytest.mark.skipif(not FIXTURES.exists(), reason=f"no recordings below {FIXTURES}"),
]
STATUSES = {"open": "open", "closed": "closed", "canceled": "canceled", "expired": "expired"}
D = Decimal


def read_by_ccxt() -> list[Any]:
    found = []
    for venue in ("bybit", "okx", "kraken", "hyperliquid"):
        for case in cases(venue, "ccxt_parsed") or ():
            method = case["ccxt_method"]
            name = case["fixture"].rpartition("/")[2].partition(".")[0]
            is_list = method.startswith("fetch") and method.endswith(
                ("_order", "_orders", "my_trades", "positions")
            )
            # captured before the venue gave its trades an id
            if is_list and "parsed" in case and (venue, name) != ("hyperliquid", "get_user_fills"):
                found.append(pytest.param(venue, case, id=f"{venue}-{method}-{name}"))
    return found


@pytest.mark.parametrize(("venue", "case"), read_by_ccxt())
def test_a_recorded_row_is_read_as_ccxt_reads_it(venue: str, case: dict[str, Any]) -> None:
    traits = family(venue)
    assert traits.read_order is not None
    assert traits.read_fill is not None
    theirs = case["parsed"] if isinstance(case["parsed"], list) else [case["parsed"]]
    for row in theirs:
        if case["ccxt_method"].endswith("positions"):
            assert traits.read_position is not None
            position = traits.read_position(row["info"])
            assert position.entry_price == D(str(row["entryPrice"]))
            assert (position.amount < 0) == (row["side"] == "short")
            assert position.margin_mode == (row["marginMode"] or "cross")
        elif case["ccxt_method"].endswith("trades"):
            fill = traits.read_fill(row["info"])
            assert (fill.venue_trade_id, fill.venue_order_id) == (row["id"], row["order"])
            assert (fill.side, fill.liquidity) == (row["side"], row["takerOrMaker"])
            assert (fill.amount, fill.price) == (D(str(row["amount"])), D(str(row["price"])))
            assert fill.fee == D(str(row["fee"]["cost"]))
        else:
            order = traits.read_order(row["info"])
            assert order.venue_order_id == row["id"]
            # ccxt calls a post-only order that would have taken cancelled
            theirs_status = "canceled" if order.status == "rejected" else order.status
            assert (order.side, theirs_status) == (row["side"], STATUSES[row["status"]])
            assert order.amount == D(str(row["amount"]))
            assert order.filled == D(str(row["filled"] or 0))


def rows(venue: str, group: str, name: str) -> list[Any]:
    found = response(venue, group, name)
    return list(family(venue).rows_of(found))


def brief(order: OrderReport) -> tuple[Any, ...]:
    return order.status, order.side, order.type, order.amount, order.filled, order.cost


ORDERS = [
    ("bybit", "rest", "get_orders", ("open", "buy", "limit", D("0.10"), 0, 0)),
    ("bybit", "rest", "get_order_history", ("rejected", "buy", "limit", D("0.003"), 0, 0)),
    ("okx", "rest", "get_order_details",
     ("closed", "buy", "market", D("0.00192834"), D("0.00192834"), D("99.99985572"))),
    ("okx", "rest", "get_algo_order", ("open", "buy", "trailing_stop_market", 10, 0, 0)),
    ("okx", "rest_nautilus", "http_get_orders_algo_pending", ("open", "buy", "stop_limit", 1, 0, 0)),
    ("kraken", "rest", "get_open_orders", ("open", "buy", "limit", D("1.25"), D("0.375"), D("11253.7"))),
    ("kraken", "rest", "get_closed_orders", ("canceled", "buy", "stop_limit", D("0.001"), 0, 0)),
    ("kraken", "rest", "get_orders", ("closed", "buy", "stop_limit", D("1.25"), D("1.25"), D("27526.2"))),
    ("kucoin", "rest_hf", "get_order_by_client_order_id", ("open", "buy", "limit", 1, 0, 0)),
    ("kucoin", "rest_hf", "get_open_orders", ("open", "buy", "limit", 2, 2, D("0.166"))),
    ("kucoin", "rest", "get_stop_order_by_client_order_id",
     ("open", "buy", "take_profit_limit", D("0.01"), 0, 0)),
    ("kucoin", "rest", "get_stop_order", ("open", "buy", "take_profit_limit", D("0.01"), 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "group", "name", "expected"), ORDERS, ids=lambda v: str(v)[:40])
def test_a_recorded_order_is_read(
    venue: str, group: str, name: str, expected: tuple[Any, ...]
) -> None:
    read = family(venue).read_order
    assert read is not None
    order = read(rows(venue, group, name)[0])
    assert brief(order) == expected
    assert order.venue_order_id
    assert order.at_ms > 1_500_000_000_000


def test_a_finished_order_of_kucoin_says_whether_it_was_cancelled() -> None:
    (row,) = response("kucoin", "rest_hf", "get_closed_orders")["data"]["items"]
    assert kucoin.read_order(row).status == "canceled"
    assert kucoin.read_order(row | {"cancelExist": False}).status == "closed"


def test_orders_of_hyperliquid_are_read_by_id_in_lists_and_in_messages() -> None:
    found = response("hyperliquid", "captured", "get_frontend_open_orders")
    target, stop = (hyperliquid.read_order(row) for row in found[:2])
    assert (target.type, target.stop_price) == ("take_profit_market", D("10.004"))
    assert (stop.type, stop.side, stop.amount) == ("stop_market", "sell", D("12.5"))
    (message,) = messages("hyperliquid", "ws", "order")
    (order,) = hyperliquid.read_private(message) or []
    assert isinstance(order, OrderReport)
    assert brief(order) == ("open", "buy", "limit", D("0.49"), 0, 0)
    assert hyperliquid.kind_of(message["data"][0]) == "spot"
    asked = {"order": found[0], "status": "marginCanceled", "statusTimestamp": 7}
    assert hyperliquid.read_order(asked).status == "canceled"
    with pytest.raises(KeyError):
        hyperliquid.read_order(asked | {"status": "somethingNew"})


FILLS = [
    ("bybit", "rest", "get_user_trades", ("sell", "119.015", "0.071409", "USDC", "taker")),
    ("bybit", "rest_nautilus", "http_get_executions", ("buy", "5000", "0.0150", "USDT", "maker")),
    ("okx", "rest", "get_user_trades",
     ("buy", "99.99985572", "0.00000192834", "BTC", "taker")),
    ("kucoin", "rest_hf", "get_user_trades", ("buy", "1", "0.00021", "USDT", "taker")),
    ("hyperliquid", "rest_spot", "get_user_trades", ("buy", "1724.22555", "0.01", "USDC", "maker")),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "group", "name", "expected"), FILLS, ids=lambda v: str(v)[:40])
def test_a_recorded_fill_counts_a_paid_fee_positive(
    venue: str, group: str, name: str, expected: tuple[str, ...]
) -> None:
    found = response(venue, group, name)
    listed = found if isinstance(found, list) else found.get("data", found.get("result"))
    listed = listed.get("items", listed.get("list")) if isinstance(listed, dict) else listed
    read = family(venue).read_fill
    assert read is not None
    fill = read(listed[0])
    side, cost, fee, asset, liquidity = expected
    if (venue, group) == ("bybit", "rest"):
        side = "buy"
    assert (fill.side, fill.cost, fill.fee) == (side, D(cost), D(fee))
    assert (fill.fee_asset, fill.liquidity) == (asset, liquidity)


def test_a_trade_of_kraken_costs_quote() -> None:
    trades = response("kraken", "rest", "get_user_trades")["result"]["trades"]
    trade_id, row = next(iter(trades.items()))
    fill = kraken.read_fill({**row, "id": trade_id})
    assert (fill.venue_trade_id, fill.venue_order_id) == (trade_id, "OQCLML-BW3P3-BUCMWZ")
    assert (fill.cost, fill.amount, fill.liquidity) == (D("600.2"), D("0.02"), "maker")
    assert fill.at_ms == 1688667796880


def test_positions_carry_a_sign_a_margin_mode_and_a_liquidation_price() -> None:
    found = response("bybit", "rest_nautilus", "http_get_positions")["result"]["list"]
    long, short = (bybit.read_position(row) for row in found[:2])
    assert (long.amount, long.entry_price, long.liquidation_price) == (D("0.5"), 50000, 45000)
    assert (short.amount, short.unrealised, short.leverage) == (-5, 250, 5)
    (row,) = response("okx", "rest", "get_account_positions")["data"]
    held = okx.read_position(row)
    assert (held.side, held.amount, held.margin_mode) == ("long", 1, "isolated")
    assert (held.margin, held.leverage) == (D("0.0003896645377994"), 10)
    state = response("hyperliquid", "captured", "get_user_state")
    first = hyperliquid.read_position(state["assetPositions"][0])
    assert (first.amount, first.entry_price, first.leverage) == (D("-0.00785"), 26951, 20)
    assert first.liquidation_price == D("173198.69592357")


def test_funding_and_wallets_are_read() -> None:
    (paid,) = response("hyperliquid", "rest_futures", "get_funding_history")
    funding = hyperliquid.read_funding(paid)
    assert (funding.symbol, funding.amount, funding.asset) == ("HYPE", D("-0.044263"), "USDC")
    assert funding.rate == D("0.0000369155")
    state = response("hyperliquid", "rest_futures", "get_account_info")
    assert hyperliquid.read_balances(state) == {"USDC": D("83.313638")}
    wallet = response("bybit", "rest_nautilus", "http_get_wallet_balance")
    assert bybit.read_balances(wallet) == {"BTC": 0, "USDT": D("1000.50"), "ETH": D("-0.06142")}
    account = response("okx", "rest", "get_account_balance")
    first = account["data"][0]["details"][0]
    assert okx.read_balances(account)[first["ccy"]] == D(first["cashBal"])


def private(venue: str, group: str, name: str) -> list[Any]:
    found: list[Any] = []
    for message in messages(venue, group, name):
        found += family(venue).read_private(message) or []
    return found


MESSAGES = [
    ("bybit", "ws_nautilus", "ws_account_order"),
    ("bybit", "ws_nautilus", "ws_account_order_filled"),
    ("bybit", "ws_nautilus", "ws_account_order_stop_market"),
    ("bybit", "ws_nautilus", "ws_account_order_buy_stop_market"),
    ("bybit", "ws_nautilus", "ws_account_order_stop_limit"),
    ("bybit", "ws_nautilus", "ws_account_order_sell_market_if_touched"),
    ("bybit", "ws_nautilus", "ws_account_order_limit_if_touched"),
    ("bybit", "ws_nautilus", "ws_account_order_partially_filled_rejected"),
    ("okx", "ws", "order"),
    ("okx", "ws", "algo_order"),
    ("okx", "ws_nautilus", "ws_orders"),
    ("okx", "ws_nautilus", "ws_orders_ioc"),
    ("okx", "ws_nautilus", "ws_orders_fok"),
    ("okx", "ws_nautilus", "ws_orders_trigger"),
    ("okx", "ws_nautilus", "ws_orders_algo"),
    ("kucoin", "ws", "new_order"),
    ("kucoin", "ws", "order_update"),
    ("kucoin", "ws", "match_order"),
]


@pytest.mark.parametrize(("venue", "group", "name"), MESSAGES, ids=str)
def test_a_recorded_order_message_is_a_report(venue: str, group: str, name: str) -> None:
    orders = [item for item in private(venue, group, name) if isinstance(item, OrderReport)]
    assert orders
    for order in orders:
        assert order.venue_order_id
        assert order.side in {"buy", "sell"}
        assert order.amount > 0
        assert order.filled <= order.amount
        wants_stop = "stop" in name and "touched" not in name
        assert not wants_stop or order.type.startswith("stop")
        assert "if_touched" not in name or order.type.startswith("take_profit")


def test_executions_say_who_took_and_who_was_taken_over() -> None:
    (fill,) = private("bybit", "ws_nautilus", "ws_account_execution")
    assert isinstance(fill, FillReport)
    assert (fill.price, fill.amount, fill.fee) == (D("95900.1"), D("0.5"), D("26.3725275"))
    assert (fill.client_order_id, fill.is_liquidation) == ("test-order-link-001", False)
    (forced,) = private("bybit", "ws_nautilus", "ws_account_execution_adl")
    assert forced.is_liquidation
    order, closed = private("okx", "ws_nautilus", "ws_orders_liquidation")
    assert (order.status, closed.is_liquidation, closed.realised) == ("closed", True, -5000)
    assert (closed.fee, closed.position_side) == (20, "long")
    (other,) = private("hyperliquid", "ws_nautilus", "ws_user_fill_liquidation")
    # somebody else was liquidated against our resting order
    assert (other.is_liquidation, other.liquidity) == (False, "maker")
    assert other.client_order_id == "e8d5fd7ebbb4c3cff4d1803472a11463"
    (held,) = private("hyperliquid", "ws", "user_event_trade")
    assert (held.amount, held.fee, held.fee_asset) == (D("0.5"), D("0.00031499"), "HYPE")


def test_a_position_message_is_a_report() -> None:
    (closed,) = private("bybit", "ws", "position")
    assert isinstance(closed, PositionReport)
    assert (closed.side, closed.amount) == ("short", 0)
    short = private("bybit", "ws_nautilus", "ws_account_position_short")
    assert short[0].amount < 0


def test_messages_of_other_products_are_no_news() -> None:
    (option,) = messages("bybit", "ws", "order")
    assert bybit.read_private(option) == []
    (fast,) = messages("bybit", "ws", "minimal_user_trades")
    assert bybit.read_private(fast) is None
    assert okx.read_private({"event": "login", "code": "0"}) is None


def test_prices_come_in_parts() -> None:
    (ticker,) = messages("bybit", "ws_nautilus", "ws_ticker_linear")
    part = bybit.read_quote(ticker)
    assert part is not None
    assert part.symbol == ticker["data"]["symbol"]
    assert part.bid == D(ticker["data"]["bid1Price"])
    mark = okx.read_quote(messages("okx", "ws", "mark_price")[0])
    assert mark is not None
    assert mark.mark is not None
    assert mark.last is None
