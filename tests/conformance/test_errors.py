"""Every error the exchange can produce has Binance's code and words, and ccxt's class for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ccxt
import pytest

from tests.conformance.recordings import group, recorded
from tests.fixtures.simulator import Simulator

PAIR = "BTC/USDT"
Act = Callable[[Any], Any]


class Client(ccxt.binance):
    """ccxt takes spot's own error table by the host's name; here the host is ours."""

    def get_exceptions_by_url(self, url: Any, exactOrBroad: Any) -> Any:  # noqa: N803 - ccxt's name
        return super().get_exceptions_by_url("https://api.binance.com/", exactOrBroad)


def raw(client: Any, **changes: Any) -> Any:
    order = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.1", "price": "30000",
    }  # fmt: skip
    wanted = {key: value for key, value in (order | changes).items() if value is not None}
    return client.private_post_order(wanted)


def limit(client: Any, side: str, amount: float, price: float, **params: Any) -> Any:
    return client.create_order(PAIR, "limit", side, amount, price, params)


def stop(client: Any, trigger: float) -> Any:
    return client.create_order(PAIR, "market", "sell", 0.01, None, {"stopLossPrice": trigger})


def sixth_stop(client: Any) -> None:
    for number in range(6):
        stop(client, 40_000 + number)


def one_too_many(client: Any) -> None:
    for number in range(201):
        limit(client, "buy", 0.001, 30_000 + number)


def twice(client: Any) -> None:
    for _ in range(2):
        limit(client, "buy", 0.1, 30_000, clientOrderId="twice")


def late(client: Any, by_ms: int) -> None:
    client.nonce = lambda: client.milliseconds() - by_ms
    limit(client, "buy", 0.1, 30_000)


def as_key(client: Any, key: str, secret: str = "wrong") -> None:
    client.apiKey, client.secret = key or client.apiKey, secret
    limit(client, "buy", 0.1, 30_000)


def after(kind: str, **terms: Any) -> Act:
    """Return an act that arms a fault first."""

    def act(client: Any) -> Any:
        client.simulator.control(
            "POST", "faults", {"kind": kind, "account": client.account} | terms
        )
        return limit(client, "buy", 0.1, 30_000)

    return act


ACTS: dict[str, Act] = {
    "insufficient_funds": lambda c: limit(c, "buy", 9, 30_000),
    "min_notional": lambda c: limit(c, "buy", 0.0001, 30_000),
    "lot_size": lambda c: raw(c, quantity="0.123456"),
    "price_filter": lambda c: raw(c, price="30000.001"),
    "percent_price": lambda c: limit(c, "buy", 0.1, 3_000),
    "max_num_orders": one_too_many,
    "max_num_algo_orders": sixth_stop,
    "cancel_unknown_order": lambda c: c.cancel_order("999999", PAIR),
    "no_such_order": lambda c: c.fetch_order("999999", PAIR),
    "duplicate_client_order_id": twice,
    "post_only_would_take": lambda c: limit(c, "buy", 0.1, 60_000, postOnly=True),
    "oco_price_relationship": lambda c: c.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.1",
            "aboveType": "LIMIT_MAKER",
            "abovePrice": "40000",
            "belowType": "STOP_LOSS",
            "belowStopPrice": "30000",
        }
    ),
    "stop_would_trigger": lambda c: stop(c, 60_000),
    "market_closed": lambda c: raw(c, symbol="BNBUSDT", price="300"),
    "timestamp_outside_recv_window": lambda c: late(c, 30_000),
    "timestamp_ahead": lambda c: late(c, -30_000),
    "bad_signature": lambda c: as_key(c, ""),
    "bad_key_format": lambda c: as_key(c, "short"),
    "bad_key_ip_permissions": lambda c: as_key(c, "A" * 64),
    "rate_limit_429": after("rate_limited", ms=12_000),
    "ip_ban_418": after("banned", ms=600_000),
    "server_busy": after("http_503"),
    "timeout_status_unknown": after("status_unknown"),
    "empty_body_200": after("empty_answer"),
    "bad_symbol": lambda c: raw(c, symbol="NOSUCH"),
    "bad_precision": lambda c: raw(c, quantity="0.1234567891"),
    "missing_param": lambda c: raw(c, price=None),
    "illegal_chars": lambda c: raw(c, quantity="1e3"),
    "bad_order_type": lambda c: raw(c, type="ICEBERG"),
    "bad_interval": lambda c: c.public_get_klines({"symbol": "BTCUSDT", "interval": "7m"}),
    "bad_listen_key": lambda c: c.public_put_userdatastream({"listenKey": "gone"}),
}
# Limits and ban times are our own figures.
WORDED_OTHERWISE = {"rate_limit_429", "ip_ban_418"}


@pytest.mark.recorded
@recorded([(name, case) for name, case in group("errors") if name in ACTS])
def test_a_recorded_error_comes_with_its_code_words_and_class(
    simulator: Simulator, name: str, case: Any
) -> None:
    simulator.control("POST", "instruments", {"instruments": ["BNB/USDT"]})
    client = simulator.client(simulator.account(f"error-{name}"), Client)
    client.simulator, client.account = simulator, f"error-{name}"
    client.load_markets()

    if case["ccxt_exception"] == "NO EXCEPTION":
        assert ACTS[name](client)["id"] is None
        return
    with pytest.raises(ccxt.BaseError) as caught:
        ACTS[name](client)

    assert type(caught.value).__name__ == case["ccxt_exception"]
    answer = json.loads(client.last_http_response)
    assert answer["code"] == case["body"]["code"]
    if name not in WORDED_OTHERWISE:
        assert answer["msg"] == case["body"]["msg"]
    if "Retry-After" in case["headers"]:
        assert client.last_response_headers["Retry-After"].isdigit()
