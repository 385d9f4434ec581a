"""Hyperliquid, spot and perpetuals: rows of its answers and messages.

There are no market orders: ccxt sends a limit order 5 % beyond the last price that takes what it
finds. Trailing stops, fill-or-kill and two sides at once do not exist; ccxt would drop the words
and send something else. The wallet address is the key and the agent's private key the secret.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.core.domain.money import ZERO, exact
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    PositionReport,
    VenueStatus,
)
from apps.venues.gateways.families import hyperliquid_words
from apps.venues.gateways.families.base import Budget, Family
from apps.venues.gateways.families.news import News
from apps.venues.gateways.families.shared import amount_of, some


def _status(word: str) -> VenueStatus:
    if word in {"open", "triggered"}:
        return "open"
    if word == "filled":
        return "closed"
    if word.lower().endswith("rejected"):
        return "rejected"
    if word.lower().endswith("canceled") or word == "scheduledCancel":
        return "canceled"
    raise KeyError(word)


def read_order(row: Any) -> OrderReport:
    """Return an order of the open ones, of a query by id or of a message.

    The venue tells no average: cost counts at the limit price until its fills tell it.

    :raises KeyError: when the row is not whole.
    """
    body = row.get("order", row)
    amount = exact(body["origSz"])
    status = _status(row["status"] if "order" in row else "open")
    filled = amount if status == "closed" else amount - exact(body["sz"])
    price = exact(body["limitPx"])
    kind = str(body.get("orderType", "Limit")).lower().replace(" ", "_")
    return OrderReport(
        client_order_id=hyperliquid_words.ours_of(body.get("cloid")),
        venue_order_id=str(body["oid"]),
        symbol=body["coin"],
        status=status,
        side=_side(body),
        type=kind,
        amount=amount,
        filled=filled,
        cost=filled * price,
        price=price if kind.endswith("limit") else None,
        stop_price=some(body.get("triggerPx")),
        at_ms=int(row.get("statusTimestamp") or body["timestamp"]),
    )


def _side(row: Any) -> str:
    return {"B": "buy", "A": "sell"}[row["side"]]


def read_fill(row: Any) -> FillReport:
    """Return a fill; `fee` is positive when paid and holds what a builder takes.

    :raises KeyError: when the row is not whole.
    """
    price, amount = exact(row["px"]), exact(row["sz"])
    way = str(row["dir"])
    return FillReport(
        symbol=row["coin"],
        venue_order_id=str(row["oid"]),
        venue_trade_id=str(row["tid"]),
        client_order_id=hyperliquid_words.ours_of(row.get("cloid")),
        side=_side(row),
        price=price,
        amount=amount,
        cost=price * amount,
        fee=exact(row["fee"]),
        fee_asset=row["feeToken"],
        liquidity="taker" if row["crossed"] else "maker",
        at_ms=int(row["time"]),
        realised=exact(row["closedPnl"]) if kind_of(row) == "linear" else None,
        is_liquidation=way.startswith(("Liquidated", "Auto-Deleveraging")),
    )


def read_position(row: Any) -> PositionReport:
    """Return a position of the account's state, which does not say when."""
    body = row["position"]
    leverage = body["leverage"]
    amount = exact(body["szi"])
    isolated = leverage["type"] == "isolated"
    value = exact(body["positionValue"])
    return PositionReport(
        symbol=body["coin"],
        side="",
        amount=amount,
        entry_price=some(body["entryPx"]),
        mark_price=value / abs(amount) if amount else None,
        liquidation_price=some(body["liquidationPx"]),
        unrealised=exact(body["unrealizedPnl"]),
        leverage=exact(str(leverage["value"])),
        margin_mode="isolated" if isolated else "cross",
        margin=some(body["marginUsed"]) if isolated else None,
        at_ms=0,
    )


def read_funding(row: Any) -> FundingReport:
    """Return a funding payment; time and coin name it, as the venue gives no id."""
    delta = row["delta"]
    return FundingReport(
        symbol=delta["coin"],
        venue_id=f"{row['time']}:{delta['coin']}",
        asset="USDC",
        amount=exact(delta["usdc"]),
        at_ms=int(row["time"]),
        rate=exact(delta["fundingRate"]),
    )


def read_balances(info: Any) -> dict[str, Decimal]:
    """Return the wallet of each asset; of perpetuals without profit that is not booked."""
    if "balances" in info:
        return {row["coin"]: amount_of(row["total"]) for row in info["balances"]}
    value = exact(info["marginSummary"]["accountValue"])
    open_profit = (exact(row["position"]["unrealizedPnl"]) for row in info["assetPositions"])
    return {"USDC": value - sum(open_profit, start=ZERO)}


def kind_of(row: Any) -> str:
    """Return the kind that a row's coin tells."""
    body = row.get("order") or row.get("position") or row.get("delta") or row
    coin = str(body.get("coin", ""))
    if not coin:
        return ""
    return "spot" if coin.startswith("@") or "/" in coin else "linear"


def read_private(message: Any) -> list[News] | None:
    """Return the reports of an order message, or of a message with fills."""
    channel, data = message.get("channel"), message.get("data")
    if channel == "orderUpdates":
        return [read_order(row) for row in data]
    if channel == "user" and "fills" in data:
        return [read_fill(row) for row in data["fills"]]
    return None


FAMILY = Family(
    name="hyperliquid",
    kinds=("linear", "spot"),
    practice=("testnet",),
    trades=True,
    login=("walletAddress", "privateKey"),
    mixins=(hyperliquid_words.Unbrokered,),
    options={
        "defaultType": "swap",
        "fetchMarkets": {"types": ["spot", "swap"]},
        "fetchCurrencies": False,
        "refSet": True,
        "approvedBuilderFee": False,
        "builderFee": False,
        "enableUnifiedMargin": False,
    },
    # 1200 weight a minute an address; a key's orders are counted by what it traded
    budget=Budget(weight_per_minute=1200, orders_per_10_seconds=50),
    weights={
        "instruments": 40, "candles": 20, "quotes": 20, "balances": 22, "order": 2,
        "open_orders": 20, "all_open_orders": 20, "fills": 20, "positions": 2, "funding": 20,
        "settings": 1, "time": 2,
    },
    code_of=hyperliquid_words.code_of,
    meanings=hyperliquid_words.MEANINGS,
    order_of=hyperliquid_words.order_of,
    client_id_of=hyperliquid_words.client_id_of,
    accepted=hyperliquid_words.accepted,
    acknowledged=hyperliquid_words.acknowledged,
    market_needs_price=True,
    leverage_words=lambda mode: {"marginMode": mode},
    position_mode="one_way",
    wallets=({"type": "swap"}, {"type": "spot"}),
    fills_page=2000,
    kind_of=kind_of,
    read_order=read_order,
    read_fill=read_fill,
    read_balances=read_balances,
    read_position=read_position,
    read_funding=read_funding,
    is_kline=lambda _: False,
    read_private=read_private,
)  # fmt: skip
