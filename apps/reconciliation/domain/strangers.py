"""Whose a fill was that no order of ours explains: what the venue's own orders say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.reconciliation.domain.differences import Difference
from apps.venues.domain.reports import FillReport

# symbol and the venue's id of an order
OrderKey = tuple[str, str]


def order_key(told: Mapping[str, Any]) -> OrderKey:
    """Return which order a case or a difference is about."""
    return (str(told["symbol"]), str(told["venue_order_id"]))


def strangers(differences: Iterable[Difference]) -> dict[OrderKey, Difference]:
    """Return the foreign fills among the differences, by the order they belong to."""
    return {order_key(d.venue): d for d in differences if d.kind == "foreign_fill"}


def earliest_ms(differences: Iterable[Difference]) -> int:
    """Return when the first fill among foreign ones happened, epoch ms."""
    return min(int(fill["at_ms"]) for d in differences for fill in d.venue["fills"])


def fill_of(told: Mapping[str, Any], *, client_order_id: str) -> FillReport:
    """Return a fill that a case or a difference holds as JSON, of an order that now has a name."""
    realised = told.get("realised")
    return FillReport(
        symbol=told["symbol"], venue_order_id=told["venue_order_id"],
        venue_trade_id=told["venue_trade_id"], client_order_id=client_order_id,
        side=told["side"], price=Decimal(told["price"]), amount=Decimal(told["amount"]),
        cost=Decimal(told["cost"]), fee=Decimal(told["fee"]), fee_asset=told["fee_asset"],
        liquidity=told["liquidity"], at_ms=int(told["at_ms"]),
        realised=Decimal(realised) if realised else None,
    )  # fmt: skip
