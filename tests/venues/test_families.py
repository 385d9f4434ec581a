"""The table of Binance: order words, messages, rows; and the recorded messages of the venue."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from apps.venues.gateways.errors import NeverSent
from apps.venues.gateways.exchanges import rehost
from apps.venues.gateways.families import binance, family
from apps.venues.gateways.families.base import Terms

REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 2, "s": "BTCUSDT", "c": "abc", "S": "BUY", "o": "LIMIT",
    "f": "GTC", "q": "1.00000000", "p": "100.5", "P": "0.00000000", "C": "", "x": "NEW", "X": "NEW",
    "i": 7, "l": "0", "z": "0.00000000", "L": "0", "n": "0", "N": None, "T": 5, "t": -1,
    "m": False, "Z": "0.00", "Y": "0.00",
}  # fmt: skip


def words(**changes: Any) -> tuple[str, str | None, dict[str, Any]]:
    base = {
        "client_order_id": "c", "symbol": "BTC/USDT", "side": "buy", "type": "limit",
        "time_in_force": "IOC", "amount": Decimal(1), "price": Decimal("100.50"),
    }  # fmt: skip
    made = binance.order_of(OrderTicket(**(base | changes)), Terms())
    return made.type, made.price, made.params


@pytest.mark.parametrize(
    ("changes", "type_", "price", "more"),
    [
        ({}, "LIMIT", "100.5", {"timeInForce": "IOC"}),
        ({"post_only": True}, "LIMIT_MAKER", "100.5", {}),
        ({"type": "market"}, "MARKET", None, {}),
        ({"type": "stop_market", "stop_price": Decimal(90)}, "STOP_LOSS", None, {"stopPrice": "90"}),
        (
            {"type": "stop_limit", "stop_price": Decimal(90)},
            "STOP_LOSS_LIMIT", "100.5", {"stopPrice": "90", "timeInForce": "IOC"},
        ),
    ],
)  # fmt: skip
def test_a_ticket_in_the_venues_words(
    changes: dict[str, Any], type_: str, price: str | None, more: dict[str, str]
) -> None:
    base = {"newClientOrderId": "c", "newOrderRespType": "FULL"}
    assert words(**changes) == (type_, price, base | more)


def test_an_order_type_the_venue_lacks_is_never_sent() -> None:
    with pytest.raises(NeverSent, match="ORDER_TYPE_UNKNOWN"):
        words(type="iceberg")


def test_an_open_kline_is_no_candle() -> None:
    k = {"s": "BTCUSDT", "i": "1m", "t": 0, "o": "1", "h": "2", "l": "1", "c": "2", "v": "3"}
    assert binance.read_kline({"e": "kline", "k": k | {"x": False}}) is None
    closed = binance.read_kline({"e": "kline", "k": k | {"x": True}})
    assert closed is not None
    assert (closed.symbol, closed.close, closed.volume) == ("BTCUSDT", 2.0, 3.0)
    assert binance.read_kline({"e": "trade"}) is None


def test_a_cancel_report_names_the_order_it_cancels() -> None:
    found = binance.read_private(
        REPORT | {"C": "ours", "c": "theirs", "x": "CANCELED", "X": "CANCELED"}
    )
    assert found is not None
    (order,) = found
    assert isinstance(order, OrderReport)
    assert (order.client_order_id, order.status) == ("ours", "canceled")


def test_a_trade_report_is_an_order_and_a_fill() -> None:
    found = binance.read_private(
        REPORT
        | {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.4", "L": "100", "Y": "40", "z": "0.4",
           "Z": "40", "n": "0.0004", "N": "BTC", "t": 9, "m": True}
    )  # fmt: skip
    assert found is not None
    order, fill = found
    assert isinstance(order, OrderReport)
    assert isinstance(fill, FillReport)
    assert (order.status, order.filled, order.cost) == ("open", Decimal("0.4"), 40)
    assert (fill.venue_trade_id, fill.amount, fill.fee, fill.fee_asset, fill.liquidity) == (
        "9", Decimal("0.4"), Decimal("0.0004"), "BTC", "maker",
    )  # fmt: skip


def test_an_unlisted_venue_can_be_read_and_not_traded() -> None:
    assert family("bitstamp").order_of is None
    assert not family("bitstamp").streams


def test_every_address_of_an_exchange_moves_to_our_own_host() -> None:
    urls = {"api": {"public": "https://api.{hostname}/v3", "ws": {"spot": "wss://s.x.com:9443/ws"}}}
    assert rehost(urls, "http://127.0.0.1:81") == {
        "api": {"public": "http://127.0.0.1:81/v3", "ws": {"spot": "ws://127.0.0.1:81/ws"}}
    }


def test_only_the_exchange_that_is_asked_for_is_loaded() -> None:
    code = (
        "import sys; from apps.venues.gateways.ccxt_lazy import ccxt_pro; ccxt_pro.binance;"
        "print(sum(name.startswith('ccxt.pro.') for name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1"
