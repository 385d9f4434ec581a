"""Stream messages of Binance USDⓈ-M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apps.core.domain.money import ZERO, exact
from apps.venues.domain.reports import FillReport, OrderReport, PositionReport, VenueStatus
from apps.venues.gateways.families.binanceusdm_rows import (
    ALGO_STATUSES,
    OUR_TYPES,
    STATUSES,
    is_forced,
    position_side,
    rate_of,
)
from apps.venues.gateways.families.news import AccountNews, News, QuotePart


def read_quote(message: Any) -> QuotePart | None:
    """Return what a ticker, book ticker or mark price event says."""
    kind = message.get("e")
    if kind == "24hrTicker":
        return QuotePart(message["s"], int(message["E"]), last=exact(message["c"]))
    if kind == "bookTicker":
        return QuotePart(
            message["s"], int(message["E"]),
            bid=exact(message["b"]) or None, ask=exact(message["a"]) or None,
        )  # fmt: skip
    if kind == "markPriceUpdate":
        rate = message.get("r")
        return QuotePart(
            message["s"], int(message["E"]), mark=exact(message["p"]) or None,
            funding_rate=exact(rate) if rate not in {None, ""} else None,
            next_funding_ms=int(message["T"]) or None,
        )  # fmt: skip
    return None


def read_private(message: Any) -> list[News] | None:
    """Return the reports of an order, conditional order or account event.

    An account event names the positions that changed; of funding it says only that it was paid.
    """
    kind = message.get("e")
    if kind == "ORDER_TRADE_UPDATE":
        return _order(message["o"])
    if kind == "ALGO_UPDATE":
        return [_algo_order(message["o"], at_ms=int(message["T"]))]
    if kind == "ACCOUNT_UPDATE":
        at_ms = int(message["T"])
        reason = str(message["a"].get("m", ""))
        positions = [_position(row, at_ms=at_ms) for row in message["a"].get("P", ())]
        news = [AccountNews("funding", at_ms)] if reason == "FUNDING_FEE" else []
        return [*positions, *news]
    return None


def _position(row: Any, *, at_ms: int) -> PositionReport:
    amount, side = exact(row["pa"]), position_side(row.get("ps"))
    isolated = row.get("mt") == "isolated"
    return PositionReport(
        symbol=row["s"],
        side=side,
        amount=-abs(amount) if side == "short" else amount,
        entry_price=exact(row["ep"]) or None,
        mark_price=None,
        liquidation_price=None,
        unrealised=exact(row["up"]),
        leverage=None,
        margin_mode="isolated" if isolated else "cross",
        margin=(exact(row["iw"]) or None) if isolated else None,
        at_ms=at_ms,
    )


def _order(row: Any) -> list[News]:
    filled, average = exact(row["z"]), exact(row["ap"])
    kind = row.get("ot") or row["o"]
    core: dict[str, Any] = {
        "symbol": row["s"],
        "client_order_id": row["c"],
        "venue_order_id": str(row["i"]),
        "side": row["S"].lower(),
        "position_side": position_side(row.get("ps")),
    }
    status = STATUSES[row["X"]]
    # a forced order keeps its first status while it is worked off
    if is_forced(row["c"]) and filled and filled == exact(row["q"]):
        status = "closed"
    order = OrderReport(
        **core,
        status=status,
        type=OUR_TYPES.get(kind, kind.lower()),
        amount=exact(row["q"]),
        filled=filled,
        cost=filled * average,
        price=exact(row["p"]) or None,
        stop_price=_stop_price(row),
        at_ms=int(row["T"]),
        trailing_rate=rate_of(row.get("cr")),
    )
    if row["x"] not in {"TRADE", "CALCULATED"} or not exact(row["l"]):
        return [order]
    price, amount = exact(row["L"]), exact(row["l"])
    fill = FillReport(
        **core,
        venue_trade_id=str(row["t"]),
        price=price,
        amount=amount,
        cost=price * amount,
        fee=exact(row.get("n") or ZERO),
        fee_asset=row.get("N") or "",
        liquidity="maker" if row["m"] else "taker",
        at_ms=int(row["T"]),
        realised=exact(row["rp"]),
        is_liquidation=is_forced(row["c"]) or row["x"] == "CALCULATED",
    )
    return [order, fill]


def _stop_price(row: Any) -> Decimal | None:
    if (row.get("ot") or row["o"]) == "TRAILING_STOP_MARKET":
        return exact(row.get("AP") or "0") or None
    return exact(row.get("sp") or "0") or None


def _algo_order(row: Any, *, at_ms: int) -> OrderReport:
    amount, filled = exact(row["q"]), exact(row.get("aq") or "0")
    status: VenueStatus = ALGO_STATUSES[row["X"]]
    if row["X"] == "FINISHED" and filled < amount:
        status = "open"
    second = row.get("ai")
    return OrderReport(
        client_order_id=row["caid"],
        venue_order_id=str(row["aid"]),
        symbol=row["s"],
        status=status,
        side=row["S"].lower(),
        type=OUR_TYPES.get(row["o"], row["o"].lower()),
        amount=amount,
        filled=filled,
        cost=filled * exact(row.get("ap") or "0"),
        price=exact(row.get("p") or "0") or None,
        stop_price=exact(row.get("tp") or "0") or None,
        at_ms=at_ms,
        position_side=position_side(row.get("ps")),
        trailing_rate=rate_of(row.get("cr")),
        triggered_id="" if second in {None, "", "0", 0} else str(second),
    )
