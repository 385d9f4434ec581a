"""Binance spot, and the simulated exchange that speaks its dialect.

Codes: the venue's errors.md. A code counts as a refusal only where the venue says that the
request had no effect; -1000, -1001, -1006, -1007, -1008, -1016 and whatever is not listed prove
nothing, nor does a 4xx or 5xx without a code.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, exact
from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    OrderReport,
    VenueStatus,
)
from apps.venues.gateways.families.base import Budget, Family, Meaning
from apps.venues.gateways.families.binance_words import TYPES, order_of, pair_of
from apps.venues.gateways.families.news import News, QuotePart

REFUSALS: Final = (
    "-1013 -1014 -1020 -1021 -1100 -1101 -1102 -1103 -1104 -1105 -1106 -1108 -1111 -1112 -1114"
    " -1115 -1116 -1117 -1118 -1119 -1120 -1121 -1127 -1128 -1130 -1131 -1134 -1135 -1145 -1151"
    " -1165 -1166 -2010 -2011 -2021 -2026"
)
KEYS: Final = "-1002 -1022 -2008 -2014 -2015 -1125"

STATUSES: Final[dict[str, VenueStatus]] = {
    "NEW": "open",
    "PENDING_NEW": "open",
    "PARTIALLY_FILLED": "open",
    "PENDING_CANCEL": "open",
    "FILLED": "closed",
    "CANCELED": "canceled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}
OUR_TYPES: Final = {theirs: ours for ours, theirs in TYPES.items()} | {"LIMIT_MAKER": "limit"}


def signed_with(at_ms: int, window_ms: int) -> dict[str, Any]:
    """Return the parameters that make the venue refuse a request that arrives late."""
    return {"timestamp": at_ms, "recvWindow": window_ms}


def read_kline(message: Any) -> CandleRow | None:
    """Return the closed candle of a kline event; an open candle and anything else is None."""
    if message.get("e") != "kline" or not message["k"]["x"]:
        return None
    k = message["k"]
    return CandleRow(
        k["s"], k["i"], int(k["t"]),
        float(k["o"]), float(k["h"]), float(k["l"]), float(k["c"]), float(k["v"]),
    )  # fmt: skip


def read_quote(message: Any) -> QuotePart | None:
    """Return the quote of a 24hrTicker event, the one that carries last price and event time."""
    if message.get("e") != "24hrTicker":
        return None
    return QuotePart(
        message["s"], int(message["E"]),
        bid=exact(message["b"]) or None, ask=exact(message["a"]) or None, last=exact(message["c"]),
    )  # fmt: skip


def read_private(message: Any) -> list[News] | None:
    """Return the order of an executionReport event, and the fill when it reports one."""
    if message.get("e") != "executionReport":
        return None
    # "C" names the order when it is being cancelled under another id; "c" names it otherwise.
    client_order_id = message.get("C") or message["c"]
    core = {
        "symbol": message["s"],
        "client_order_id": client_order_id,
        "venue_order_id": str(message["i"]),
        "side": message["S"].lower(),
    }
    order = OrderReport(
        **core,
        status=STATUSES.get(message["X"], "open"),
        type=_our_type(message["o"], message.get("d")),
        amount=exact(message["q"]),
        filled=exact(message["z"]),
        cost=exact(message["Z"]),
        price=exact(message["p"]) or None,
        stop_price=exact(message["P"]) or None,
        at_ms=int(message["T"]),
        trailing_rate=_trailing_rate(message.get("d")),
    )
    if message["x"] != "TRADE":
        return [order]
    fill = FillReport(
        **core,
        venue_trade_id=str(message["t"]),
        price=exact(message["L"]),
        amount=exact(message["l"]),
        cost=exact(message["Y"]),
        fee=exact(message["n"] or ZERO),
        fee_asset=message["N"] or "",
        liquidity="maker" if message["m"] else "taker",
        at_ms=int(message["T"]),
    )
    return [order, fill]


def _our_type(theirs: str, delta: Any) -> str:
    return "trailing_stop_market" if delta else OUR_TYPES.get(theirs, theirs.lower())


def _trailing_rate(delta: Any) -> Decimal | None:
    """Return the fraction of a trailing delta, which the venue gives in basis points."""
    return exact(str(delta)) / 10_000 if delta else None


def read_pair(answer: Any) -> list[OrderReport]:
    """Return both orders of an order list.

    :raises KeyError: when the answer is not whole.
    """
    reports = [read_order(row) for row in answer["orderReports"]]
    if len(reports) != 2:
        raise KeyError("orderReports")
    return reports


def read_order(row: Any) -> OrderReport:
    """Return an order from the answer to a new order, a query, a cancel or a list.

    :raises KeyError: when the answer is not whole.
    """
    client_order_id = row.get("origClientOrderId") or row["clientOrderId"]
    core = {
        "symbol": row["symbol"],
        "client_order_id": client_order_id,
        "venue_order_id": str(row["orderId"]),
        "side": row["side"].lower(),
    }
    at_ms = int(row.get("updateTime") or row["transactTime"])
    fills = tuple(
        FillReport(
            **core,
            venue_trade_id=str(fill["tradeId"]),
            price=exact(fill["price"]),
            amount=exact(fill["qty"]),
            cost=exact(fill["price"]) * exact(fill["qty"]),
            fee=exact(fill["commission"]),
            fee_asset=fill["commissionAsset"],
            # an answer to a new order can only report what it took
            liquidity="taker",
            at_ms=at_ms,
        )
        for fill in row.get("fills", ())
    )
    return OrderReport(
        **core,
        status=STATUSES[row["status"]],
        type=_our_type(row["type"], row.get("trailingDelta")),
        amount=exact(row["origQty"]),
        filled=exact(row["executedQty"]),
        cost=exact(row["cummulativeQuoteQty"]),
        price=exact(row["price"]) or None,
        stop_price=exact(row.get("stopPrice", "0")) or None,
        at_ms=at_ms,
        fills=fills,
        trailing_rate=_trailing_rate(row.get("trailingDelta")),
    )


def read_fill(row: Any) -> FillReport:
    """Return one of the account's trades; the venue does not tell its client order id here."""
    return FillReport(
        symbol=row["symbol"],
        venue_order_id=str(row["orderId"]),
        venue_trade_id=str(row["id"]),
        client_order_id="",
        side="buy" if row["isBuyer"] else "sell",
        price=exact(row["price"]),
        amount=exact(row["qty"]),
        cost=exact(row["quoteQty"]),
        fee=exact(row["commission"]),
        fee_asset=row["commissionAsset"],
        liquidity="maker" if row["isMaker"] else "taker",
        at_ms=int(row["time"]),
    )


def stop_orders_max(market: Any) -> int:
    """Return how many stop orders a symbol may carry, from its filters."""
    found = [f for f in market["filters"] if f["filterType"] == "MAX_NUM_ALGO_ORDERS"]
    return int(found[0]["maxNumAlgoOrders"]) if found else 5


FAMILY = Family(
    name="binance",
    practice=("testnet", "demo"),
    trades=True,
    streams=True,
    options={
        "defaultType": "spot",
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "recvWindow": 4000,
        "watchTickers": {"name": "ticker"},
        "newOrderRespType": {"market": "FULL", "limit": "FULL"},
        # ccxt's own tags would replace the owner of the order at the venue
        "broker": {"spot": "", "margin": "", "future": "", "delivery": "", "swap": ""},
    },
    # spot: 6000 weight a minute and address, 100 orders in 10 s a key
    budget=Budget(weight_per_minute=6000, orders_per_10_seconds=100),
    clock_codes=frozenset({"-1021"}),
    meanings={
        **dict.fromkeys(REFUSALS.split(), Meaning.REJECTED),
        **dict.fromkeys(KEYS.split(), Meaning.KEY),
        "-1003": Meaning.RATE_LIMITED,
        "-1015": Meaning.RATE_LIMITED,
        "-2013": Meaning.NO_SUCH_ORDER,
    },
    by_message={
        # an order of ours with this id is open at the venue: a refusal of this request,
        # and evidence that an earlier one went through
        ("-2010", "Duplicate order sent"): Meaning.UNKNOWN,
        ("-2011", "Unknown order sent"): Meaning.NO_SUCH_ORDER,
    },
    order_of=order_of,
    pair_of=pair_of,
    signed_with=signed_with,
    client_id_param="origClientOrderId",
    fills_of_order=lambda venue_order_id: {"orderId": venue_order_id},
    fills_after=lambda fill: {"fromId": int(fill.venue_trade_id) + 1},
    stop_orders_max=stop_orders_max,
    read_order=read_order,
    read_pair=read_pair,
    read_fill=read_fill,
    ends_stream=lambda message: message.get("e") in {"eventStreamTerminated", "serverShutdown"},
    read_kline=read_kline,
    read_quote=read_quote,
    read_private=read_private,
)
