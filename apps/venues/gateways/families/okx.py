"""OKX, spot and USDT perpetuals: REST rows and stream messages.

Fees come with a sign: negative is paid. Amounts of perpetuals are contracts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, exact
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    PositionReport,
    VenueStatus,
)
from apps.venues.gateways.families import okx_codes, okx_words
from apps.venues.gateways.families.base import Budget, Family
from apps.venues.gateways.families.news import News, QuotePart
from apps.venues.gateways.families.shared import amount_of, some

STATUSES: Final[dict[str, VenueStatus]] = {
    "live": "open",
    "partially_filled": "open",
    "filled": "closed",
    "canceled": "canceled",
    "mmp_canceled": "canceled",
}
# of conditional orders; "effective" and "order_placed" mean that a second order took over
ALGO_STATUSES: Final[dict[str, VenueStatus]] = {
    "live": "open",
    "pause": "open",
    "partially_effective": "open",
    "effective": "open",
    "order_placed": "open",
    "canceled": "canceled",
    "order_failed": "rejected",
    "partially_failed": "canceled",
    "filled": "closed",
}
# orders that the venue makes itself
FORCED: Final = frozenset({"full_liquidation", "partial_liquidation", "adl"})
KINDS: Final = {"SPOT": "spot", "SWAP": "linear"}


def _side(row: Any) -> str:
    found = row.get("posSide") or ""
    return "" if found == "net" else str(found)


def read_order(row: Any) -> OrderReport:
    """Return an order, or a conditional one, of a list, a query or a message.

    :raises KeyError: when the row is not whole.
    """
    if row.get("algoId") and "accFillSz" not in row:
        return read_algo_order(row)
    filled, average = amount_of(row["accFillSz"]), amount_of(row["avgPx"])
    # a market order of somebody's that counts quote
    in_quote = row.get("tgtCcy") == "quote_ccy" and row["state"] == "filled"
    return OrderReport(
        client_order_id=row["clOrdId"],
        venue_order_id=row["ordId"],
        symbol=row["instId"],
        status=STATUSES[row["state"]],
        side=row["side"],
        type="market" if row["ordType"] in {"market", "optimal_limit_ioc"} else "limit",
        amount=filled if in_quote else exact(row["sz"]),
        filled=filled,
        cost=filled * average,
        price=some(row["px"]),
        stop_price=None,
        at_ms=int(row["uTime"]),
        position_side=_side(row),
    )


def _algo_type(row: Any) -> str:
    if row["ordType"] == "move_order_stop":
        return "trailing_stop_market"
    is_target = some(row.get("tpTriggerPx")) is not None and some(row.get("slTriggerPx")) is None
    prices = [row.get(name) for name in ("tpOrdPx", "slOrdPx", "ordPx", "orderPx")]
    is_limit = any(some(price) and exact(price) > 0 for price in prices)
    return f"{'take_profit' if is_target else 'stop'}_{'limit' if is_limit else 'market'}"


def read_algo_order(row: Any) -> OrderReport:
    """Return a conditional order; one that triggered names its second order.

    :raises KeyError: when the row is not whole.
    """
    kind = _algo_type(row)
    trigger = next(
        (found for name in ("slTriggerPx", "tpTriggerPx", "triggerPx", "moveTriggerPx")
         if (found := some(row.get(name)))), None,
    )  # fmt: skip
    price = next(
        (found for name in ("slOrdPx", "tpOrdPx", "ordPx")
         if (found := some(row.get(name))) and found > 0), None,
    )  # fmt: skip
    filled = amount_of(row.get("actualSz"))
    return OrderReport(
        client_order_id=row["algoClOrdId"],
        venue_order_id=row["algoId"],
        symbol=row["instId"],
        status=ALGO_STATUSES[row["state"]],
        side=row["side"],
        type=kind,
        amount=exact(row["sz"]),
        filled=filled,
        cost=filled * amount_of(row.get("actualPx")),
        price=price if kind.endswith("limit") else None,
        stop_price=trigger,
        at_ms=int(row.get("uTime") or row["cTime"]),
        position_side=_side(row),
        trailing_rate=some(row.get("callbackRatio")),
        triggered_id=_second(row),
    )


def _second(row: Any) -> str:
    found = row.get("ordIdList") or [row.get("ordId") or ""]
    return str(found[0])


def read_fill(row: Any) -> FillReport:
    """Return a fill of the list; the fee is positive when paid, as ours is.

    :raises KeyError: when the row is not whole.
    """
    price, amount = exact(row["fillPx"]), exact(row["fillSz"])
    is_swap = row["instType"] == "SWAP"
    return FillReport(
        symbol=row["instId"],
        venue_order_id=row["ordId"],
        venue_trade_id=row["tradeId"],
        client_order_id=row["clOrdId"],
        side=row["side"],
        price=price,
        amount=amount,
        cost=price * amount,
        fee=-amount_of(row.get("fillFee", row.get("fee"))) if _has_fee(row) else ZERO,
        fee_asset=row.get("fillFeeCcy") or row.get("feeCcy") or "",
        liquidity="maker" if row["execType"] == "M" else "taker",
        at_ms=int(row["fillTime"]),
        realised=amount_of(row.get("fillPnl", row.get("pnl"))) if is_swap else None,
        position_side=_side(row),
        is_liquidation=row.get("category", "") in FORCED or row.get("subType") in LIQUIDATIONS,
    )


# sub types of bills and fills: partial and full liquidation, auto-deleverage
LIQUIDATIONS: Final = frozenset(
    {"100", "101", "102", "103", "104", "105", "106", "107", "110", "125", "126", "127", "128"}
)


def _has_fee(row: Any) -> bool:
    return row.get("fillFee", row.get("fee")) not in {None, ""}


def read_position(row: Any) -> PositionReport:
    """Return a position; in hedge mode the amount of a short is positive at the venue."""
    amount, side = exact(row["pos"]), _side(row)
    isolated = row["mgnMode"] == "isolated"
    return PositionReport(
        symbol=row["instId"],
        side=side,
        amount=-abs(amount) if side == "short" else amount,
        entry_price=some(row["avgPx"]),
        mark_price=some(row["markPx"]),
        liquidation_price=some(row["liqPx"]),
        unrealised=amount_of(row["upl"]),
        leverage=some(row["lever"]),
        margin_mode="isolated" if isolated else "cross",
        margin=some(row["margin"]) if isolated else None,
        at_ms=int(row["uTime"]),
    )


def read_funding(row: Any) -> FundingReport:
    """Return a funding payment of the bills."""
    return FundingReport(
        symbol=row["instId"],
        venue_id=row["billId"],
        asset=row["ccy"],
        amount=amount_of(row["balChg"]) or amount_of(row.get("pnl")),
        at_ms=int(row["ts"]),
        rate=some(row.get("px")) if row.get("type") == "8" else None,
    )


def read_balances(info: Any) -> dict[str, Decimal]:
    """Return the cash of each asset, profit that is not booked left out."""
    return {
        row["ccy"]: amount_of(row["cashBal"])
        for account in info["data"]
        for row in account["details"]
    }


def read_private(message: Any) -> list[News] | None:
    """Return the reports of an order, conditional order or position message."""
    channel = (message.get("arg") or {}).get("channel")
    if channel not in {"orders", "orders-algo", "positions"} or "data" not in message:
        return None
    found: list[News] = []
    for row in message["data"]:
        if row.get("instType") not in KINDS:
            continue
        if channel == "positions":
            found.append(read_position(row))
            continue
        found.append(read_order(row))
        if row.get("tradeId") and some(row.get("fillSz")):
            found.append(read_fill(row))
    return found


def read_quote(message: Any) -> QuotePart | None:
    """Return what a ticker, mark price or funding message says."""
    channel = (message.get("arg") or {}).get("channel")
    if channel not in {"tickers", "mark-price", "funding-rate"} or not message.get("data"):
        return None
    row = message["data"][0]
    next_funding = some(row.get("fundingTime"))
    rate = row.get("fundingRate")
    return QuotePart(
        row["instId"], int(row.get("ts") or 0),
        bid=some(row.get("bidPx")), ask=some(row.get("askPx")), last=some(row.get("last")),
        mark=some(row.get("markPx")),
        funding_rate=exact(rate) if rate not in {None, ""} else None,
        next_funding_ms=int(next_funding) if next_funding else None,
    )  # fmt: skip


def kind_of(row: Any) -> str:
    """Return the kind that a row or a message names."""
    data = row.get("data")
    first = data[0] if isinstance(data, list) and data else row
    found = first.get("instType") or (row.get("arg") or {}).get("instType") or ""
    if not found:
        return "linear" if str(first.get("instId", "")).endswith("-SWAP") else ""
    return KINDS.get(found, "")


FAMILY = Family(
    name="okx",
    kinds=("spot", "linear"),
    # its practice exchange is a demo, which ccxt calls its sandbox
    practice=("testnet", "demo"),
    demo_is_sandbox=True,
    needs_password=True,
    trades=True,
    counts_contracts=True,
    options={
        "defaultType": "spot",
        "fetchMarkets": {"types": ["spot", "swap"]},
        "fetchCurrencies": False,
        "fetchPositions": {"defaultType": "swap"},
        "fetchFundingHistory": {"defaultType": "swap"},
        "brokerId": "",
    },
    # orders: 60 in 2 s a key and instrument; reads 20 to 60 in 2 s an address
    budget=Budget(weight_per_minute=600, orders_per_10_seconds=100),
    weights=dict.fromkeys(
        ("instruments", "candles", "quotes", "balances", "order", "open_orders",
         "all_open_orders", "fills", "positions", "funding", "settings", "time"), 1,
    ),
    signs_at_nonce=True,
    headers_with=lambda at_ms, window_ms: {"expTime": str(at_ms + window_ms)},
    code_of=okx_codes.code_of,
    meanings=okx_codes.MEANINGS,
    clock_codes=frozenset({"50102", "50112"}),
    order_of=okx_words.order_of,
    accepted=okx_words.accepted,
    find_of=okx_words.find_of,
    rows_of=okx_words.rows_of,
    cancel_of=okx_words.cancel_of,
    leverage_words=lambda mode: {"mgnMode": mode},
    acknowledged=okx_words.acknowledged,
    lists_of=lambda _: ({}, {"ordType": "conditional"}, {"ordType": "move_order_stop"}),
    fills_before=lambda fill: {"end": fill.at_ms},
    fills_of_order=lambda venue_order_id: {"ordId": venue_order_id},
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
