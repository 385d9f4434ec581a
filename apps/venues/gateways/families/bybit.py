"""Bybit, spot and USDT perpetuals of a unified account: codes, REST rows and stream messages.

An order call is answered with ids only and done later, so what became of an order is always asked.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import exact
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    PositionReport,
    VenueStatus,
)
from apps.venues.gateways.families import bybit_codes, bybit_words
from apps.venues.gateways.families.base import Budget, Family, VenueCall
from apps.venues.gateways.families.news import News, QuotePart
from apps.venues.gateways.families.shared import amount_of, some

STATUSES: Final[dict[str, VenueStatus]] = {
    "Created": "open",
    "New": "open",
    "Active": "open",
    "PartiallyFilled": "open",
    "Untriggered": "open",
    "Triggered": "open",
    "PendingCancel": "open",
    "Filled": "closed",
    "Cancelled": "canceled",
    "PartiallyFilledCanceled": "canceled",
    "Deactivated": "canceled",
    "Rejected": "rejected",
}
# executions that the venue makes itself: liquidation, auto-deleverage
FORCED: Final = frozenset({"BustTrade", "AdlTrade"})
SIDES: Final = {0: "", 1: "long", 2: "short"}


def settle_of(venue_symbol: str) -> str:
    """Return what a linear contract settles in, from its symbol."""
    return "USDC" if venue_symbol.endswith(("PERP", "USDC")) else "USDT"


def _type(row: Any) -> str:
    """Return our order type: the trigger's direction tells a stop from a target."""
    plain = str(row["orderType"]).lower()
    if some(row.get("triggerPrice")) is None:
        return plain
    rises, falls = (int(row.get("triggerDirection") or 0) == way for way in (1, 2))
    is_target = "TakeProfit" in str(row.get("stopOrderType"))
    if rises or falls:
        is_target = rises == (row["side"] == "Sell")
    return f"{'take_profit' if is_target else 'stop'}_{plain}"


def _status(row: Any) -> VenueStatus:
    if row.get("rejectReason") == "EC_PostOnlyWillTakeLiquidity":
        return "rejected"
    return STATUSES[row["orderStatus"]]


def read_order(row: Any) -> OrderReport:
    """Return an order of a list, of the history or of an order message.

    :raises KeyError: when the row is not whole.
    """
    return OrderReport(
        client_order_id=row["orderLinkId"],
        venue_order_id=row["orderId"],
        symbol=row["symbol"],
        status=_status(row),
        side=row["side"].lower(),
        type=_type(row),
        amount=exact(row["qty"]),
        filled=amount_of(row["cumExecQty"]),
        cost=amount_of(row["cumExecValue"]),
        price=some(row["price"]),
        stop_price=some(row.get("triggerPrice")),
        at_ms=int(row["updatedTime"]),
        position_side=SIDES[int(row.get("positionIdx") or 0)],
    )


def read_fill(row: Any) -> FillReport:
    """Return an execution of the list or of a message; the fee is positive when paid.

    :raises KeyError: when the row is not whole.
    """
    return FillReport(
        symbol=row["symbol"],
        venue_order_id=row["orderId"],
        venue_trade_id=row["execId"],
        client_order_id=row["orderLinkId"],
        side=row["side"].lower(),
        price=exact(row["execPrice"]),
        amount=exact(row["execQty"]),
        cost=exact(row["execValue"]),
        fee=exact(row["execFee"]),
        fee_asset=row.get("feeCurrency") or settle_of(row["symbol"]),
        liquidity="maker" if row["isMaker"] else "taker",
        at_ms=int(row["execTime"]),
        realised=_realised(row),
        is_liquidation=row["execType"] in FORCED,
    )


def _realised(row: Any) -> Decimal | None:
    text = row.get("execPnl")
    return exact(text) if text not in {None, ""} else None


def read_position(row: Any) -> PositionReport:
    """Return a position of the list or of a message."""
    size = amount_of(row["size"])
    isolated = int(row.get("tradeMode") or 0) == 1
    return PositionReport(
        symbol=row["symbol"],
        side=SIDES[int(row["positionIdx"])],
        amount=-size if row["side"] == "Sell" else size,
        entry_price=some(row.get("avgPrice") or row.get("entryPrice")),
        mark_price=some(row["markPrice"]),
        liquidation_price=some(row["liqPrice"]),
        unrealised=amount_of(row["unrealisedPnl"]),
        leverage=some(row["leverage"]),
        margin_mode="isolated" if isolated else "cross",
        margin=some(row.get("positionBalance")) if isolated else None,
        at_ms=int(row["updatedTime"]),
    )


def read_funding(row: Any) -> FundingReport:
    """Return a funding payment, which the venue lists as an execution with a fee."""
    return FundingReport(
        symbol=row["symbol"],
        venue_id=row["execId"],
        asset=row.get("feeCurrency") or settle_of(row["symbol"]),
        amount=-exact(row["execFee"]),
        at_ms=int(row["execTime"]),
        rate=some(row.get("feeRate")),
    )


def read_balances(info: Any) -> dict[str, Decimal]:
    """Return the wallet of each asset, profit that is not booked left out."""
    accounts = info["result"]["list"]
    return {
        coin["coin"]: amount_of(coin["walletBalance"]) - amount_of(coin.get("spotBorrow"))
        for account in accounts
        for coin in account["coin"]
    }


def read_private(message: Any) -> list[News] | None:
    """Return the reports of an order, execution or position message; of options, none."""
    topic = str(message.get("topic", "")).partition(".")[0]
    if topic not in {"order", "execution", "position"} or message["topic"].endswith("fast"):
        return None
    rows = [row for row in message["data"] if row.get("category") in {"spot", "linear"}]
    if topic == "execution":
        funding = [read_funding(row) for row in rows if row["execType"] == "Funding"]
        trades = {"Trade", *FORCED}
        return [*(read_fill(row) for row in rows if row["execType"] in trades), *funding]
    if topic == "position":
        return [read_position(row) for row in rows]
    return [read_order(row) for row in rows]


def read_quote(message: Any) -> QuotePart | None:
    """Return what a ticker message says; a delta names only what changed."""
    if not str(message.get("topic", "")).startswith("tickers."):
        return None
    data = message["data"]
    next_funding = some(data.get("nextFundingTime"))
    rate = data.get("fundingRate")
    return QuotePart(
        data["symbol"], int(message["ts"]),
        bid=some(data.get("bid1Price")), ask=some(data.get("ask1Price")),
        last=some(data.get("lastPrice")), mark=some(data.get("markPrice")),
        funding_rate=exact(rate) if rate not in {None, ""} else None,
        next_funding_ms=int(next_funding) if next_funding else None,
    )  # fmt: skip


def kind_of(row: Any) -> str:
    """Return the kind that a row or a message's first row names."""
    data = row.get("data")
    first = data[0] if isinstance(data, list) and data else row
    found = first.get("category", "")
    return found if found in {"spot", "linear"} else ""


FAMILY = Family(
    name="bybit",
    kinds=("spot", "linear"),
    practice=("testnet", "demo"),
    trades=True,
    options={
        "defaultType": "spot",
        "defaultSettle": "USDT",
        "defaultSubType": "linear",
        "fetchMarkets": {"types": ["spot", "linear"]},
        "fetchCurrencies": False,
        "fetchPositions": {"defaultType": "swap"},
        "fetchFundingHistory": {"defaultType": "swap"},
        "recvWindow": 4000,
        # ccxt would ask before each call what it may not assume
        "enableUnifiedMargin": False,
        "enableUnifiedAccount": True,
        "unifiedMarginStatus": 6,
    },
    # 600 requests in 5 s an address; 10 to 20 orders a second a key
    budget=Budget(weight_per_minute=6000, orders_per_10_seconds=100),
    weights=dict.fromkeys(
        ("instruments", "candles", "quotes", "balances", "order", "open_orders",
         "all_open_orders", "fills", "positions", "funding", "settings", "time"), 1,
    ),
    # the header that carries ccxt's own broker
    unsent_headers=frozenset({"Referer"}),
    signs_at_nonce=True,
    code_of=bybit_codes.code_of,
    meanings=bybit_codes.MEANINGS,
    rate_statuses=frozenset({403, 429}),
    clock_codes=frozenset({"10002"}),
    order_of=bybit_words.order_of,
    accepted=bybit_words.accepted,
    find_of=bybit_words.find_of,
    rows_of=bybit_words.rows_of,
    cancel_of=bybit_words.cancel_of,
    position_mode_call=VenueCall(
        "privateGetV5PositionList", {"category": "linear", "symbol": "BTCUSDT"}
    ),
    acknowledged=lambda answer: answer["result"]["orderId"],
    lists_of=lambda kind: (
        {"type": "spot", "paginate": True} if kind == "spot"
        else {"type": "swap", "subType": "linear", "paginate": True},
    ),
    fill_lists=lambda kind: tuple(
        {"execType": name} for name in (("Trade",) if kind == "spot" else ("Trade", *sorted(FORCED)))
    ),
    fills_before=lambda fill: {"endTime": fill.at_ms},
    fills_of_order=lambda venue_order_id: {"orderId": venue_order_id},
    kind_of=kind_of,
    read_order=read_order,
    read_fill=read_fill,
    read_balances=read_balances,
    read_position=read_position,
    read_funding=read_funding,
    is_kline=lambda _: False,
    read_quote=read_quote,
    read_private=read_private,
)  # fmt: skip
