"""What an adjustment of the books would write: the content that a second person agrees to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.core.errors import Conflict
from apps.reconciliation.domain.causes import ADOPTS, difference_of

WRITE_OFF: Final = "reconciliation.write_off"
ADOPT: Final = "reconciliation.adopt"
# Kind of case → how it may be adjusted.
WRITES_OFF: Final = frozenset({"balance", "foreign_fill", "lost_order"})


# Terms of a proven order that stand for what the venue shows of it.
PROVEN: Final = ("type", "price", "stop_price", "trailing_rate")


class NotThisWay(Conflict):
    """A case of this kind cannot be ended in this way."""

    default_code = "CASE_NOT_THIS_WAY"


def write_off_lines(
    *, kind: str, subject: str, book: Mapping[str, Any], venue: Mapping[str, Any]
) -> dict[str, str]:
    """Return asset → amount by which the ledger would change so that it equals the venue.

    :raises NotThisWay: for a kind that is not an amount of an asset.
    """
    if kind == "balance":
        return {subject: difference_of(book=book, venue=venue)}
    if kind not in WRITES_OFF:
        raise NotThisWay(kind=kind, way="write off")
    changes: dict[str, Decimal] = {}
    for fill in venue["fills"]:
        for asset, amount in _moved(fill):
            changes[asset] = changes.get(asset, ZERO) + amount
    return {asset: plain(amount) for asset, amount in sorted(changes.items()) if amount}


def _moved(fill: Mapping[str, str]) -> list[tuple[str, Decimal]]:
    """Return what one fill moved: on spot both assets, on a perpetual what was settled."""
    pair, _, settle = fill["symbol"].partition(":")
    base, _, quote = pair.partition("/")
    fee = (fill["fee_asset"], -Decimal(fill["fee"]))
    if settle:
        return [(settle, Decimal(fill.get("realised") or 0)), fee]
    sign = 1 if fill["side"] == "buy" else -1
    return [(base, sign * Decimal(fill["amount"])), (quote, -sign * Decimal(fill["cost"])), fee]


def adopted_terms(
    *, case_id: str, kind: str, book: Mapping[str, Any], venue: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the order that a bot would take over, with its fills so far.

    A foreign position has no order: its amount counts as bought or sold at the venue's entry price.

    :raises NotThisWay: for a kind that is neither an order nor a position.
    """
    if kind not in ADOPTS:
        raise NotThisWay(kind=kind, way="adopt")
    if kind == "foreign_position":
        return _position_terms(case_id, book, venue)
    terms: dict[str, Any] = {
        name: str(venue.get(name, ""))
        for name in ("symbol", "side", "amount", "venue_order_id", "client_order_id")
    }
    named, author = kind != "foreign_fill", dict(venue.get("author") or {})
    terms |= {
        "type": venue.get("type", "market") if named else "market",
        "price": str(venue.get("price", "")) if named else "",
        "stop_price": str(venue.get("stop_price", "")) if named else "",
        "is_open": kind in {"foreign_order", "unknown_order"},
        "trailing_rate": str(venue.get("trailing_rate", "")) if named else "",
        "status": str(venue.get("order_status") or "") if kind == "lost_order" else "",
        "fills": [dict(fill) for fill in venue.get("fills", [])],
    }
    if author:
        # the hash proves the row that was sent: adopted with the very terms, it is its id again
        terms |= {name: author[name] for name in PROVEN} | {"author": author}
    return terms


def _position_terms(
    case_id: str, book: Mapping[str, Any], venue: Mapping[str, Any]
) -> dict[str, Any]:
    amount = Decimal(difference_of(book=book, venue=venue))
    if not amount or not venue.get("entry_price"):
        raise NotThisWay(kind="foreign_position", way="adopt", amount=plain(amount))
    number = f"adopted-{case_id}"
    side, size = ("buy" if amount > 0 else "sell"), abs(amount)
    settle = str(venue["symbol"]).rpartition(":")[2]
    fill = {
        "venue_order_id": number, "venue_trade_id": number, "symbol": venue["symbol"],
        "side": side, "price": venue["entry_price"], "amount": plain(size),
        "cost": plain(size * Decimal(venue["entry_price"])), "fee": "0", "fee_asset": settle,
        "liquidity": "taker", "at_ms": "", "realised": "0",
    }  # fmt: skip
    return {
        "symbol": venue["symbol"], "side": side, "amount": plain(size), "venue_order_id": number,
        "client_order_id": "", "type": "market", "price": "", "stop_price": "", "is_open": False,
        "fills": [fill],
    }  # fmt: skip
