"""Whose a fill was that no order of ours explains: what the venue's own orders say of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.reconciliation.domain.authorship import Seen
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


def with_fills(differences: Iterable[Difference]) -> list[Difference]:
    """Return the differences, the fills of an open order of ours that the books lack with it."""
    listed = list(differences)
    open_ones = {order_key(d.venue): d for d in listed if d.kind == "unknown_order"}
    fills = strangers(listed)
    return [
        replace(d, venue={**d.venue, **_traded(fills[key])})
        if d.kind == "unknown_order" and (key := order_key(d.venue)) in fills else d
        for d in listed
        if d.kind != "foreign_fill" or order_key(d.venue) not in open_ones
    ]  # fmt: skip


def _traded(fills: Difference) -> dict[str, Any]:
    return {name: fills.venue[name] for name in ("cost", "fills")}


def own_or_foreign(
    fills: Difference, answer: Mapping[str, Any], *, is_ours: Callable[[str], bool]
) -> Difference:
    """Return foreign fills with what the venue says of their order: ours but lost, or foreign.

    An order of ours is told by its mark (I17); its terms stand in the case, so that a bot can adopt
    it as it was sent.
    """
    name = str(answer.get("client_order_id", ""))
    if not is_ours(name):
        words = {"client_order_id": name, "order_status": answer["order_status"]}
        return replace(fills, venue={**fills.venue, **words})
    terms = {
        word: answer.get(word, "")
        for word in (
            "client_order_id", "order_status", "type", "amount", "filled", "price", "stop_price",
            "trailing_rate", "position_side",
        )
    }  # fmt: skip
    return Difference("lost_order", name, "critical", venue={**fills.venue, **terms})


def seen_of(
    account_id: UUID, instrument_id: int, lost: Difference, others: Iterable[Difference]
) -> Seen:
    """Return a lost order as the proof of its author needs it."""
    venue, symbol = lost.venue, lost.venue["symbol"]
    moments = {
        int(fill["at_ms"])
        for d in others if d.venue["symbol"] == symbol for fill in d.venue.get("fills", ())
    }  # fmt: skip
    mine = [int(fill["at_ms"]) for fill in venue.get("fills", ())]
    at_ms = min([int(venue.get("at_ms") or 0) or max(moments, default=0), *mine])
    return Seen(
        account_id, instrument_id, symbol, venue["side"], venue["type"], Decimal(venue["amount"]),
        _number(venue.get("price")), _number(venue.get("stop_price")),
        str(venue.get("position_side") or ""), at_ms, _number(venue.get("trailing_rate")),
        tuple(sorted(ms for ms in moments if ms <= at_ms)[-10:]),
    )  # fmt: skip


def _number(text: Any) -> Decimal | None:
    return Decimal(text) if text else None


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
