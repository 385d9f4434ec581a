"""How an order advances when facts about it are known: a function of sums, not of their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.orders.domain.lifecycle import FINAL, STEPS

# The venue's words from weakest to strongest: a late, weaker word never undoes a stronger one.
_RANK: Final = {"": 0, "open": 1, "rejected": 2, "expired": 3, "canceled": 4, "closed": 5}
_ENDS: Final = {
    "rejected": "rejected",
    "expired": "expired",
    "canceled": "canceled",
    "closed": "filled",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """An order's state; `filled` and `venue_filled` in base, `cost` in quote units.

    `venue_status` and `venue_filled` are the venue's strongest word; `filled` and `cost` sum the
    fills that we hold. The order ends only when the two agree.
    """

    status: str
    amount: Decimal
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    venue_status: str = ""
    venue_filled: Decimal = ZERO
    venue_order_id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One fact about an order, reduced to what moves it; amounts in base, cost in quote units."""

    venue_order_id: str = ""
    venue_status: str = ""
    venue_filled: Decimal = ZERO
    fill_amount: Decimal = ZERO
    fill_cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Step:
    """The state after the facts: the statuses passed on the way, and what is odd about it."""

    after: Progress
    path: tuple[str, ...]
    flag: str = ""


def advance(order: Progress, facts: Iterable[Said]) -> Step:
    """Return `order` after `facts`, each a new one: any order of arrival gives the same end.

    `flag` is `overfill` when fills exceed the amount, `after_end` when fills arrive for an order
    that had ended without effect; both are recorded and never blocked.
    """
    merged = order
    for fact in facts:
        stronger = max(merged.venue_status, fact.venue_status, key=_RANK.__getitem__)
        merged = replace(
            merged,
            filled=merged.filled + fact.fill_amount,
            cost=merged.cost + fact.fill_cost,
            venue_status=stronger,
            venue_filled=max(merged.venue_filled, fact.venue_filled),
            venue_order_id=merged.venue_order_id or fact.venue_order_id,
        )
    path = _path(order.status, _wanted(merged))
    after = replace(merged, status=path[-1] if path else order.status)
    return Step(after=after, path=path, flag=_flag(merged))


def _wanted(order: Progress) -> str:
    """Return the status that the sums speak for, whatever the present one is."""
    if order.filled >= order.amount:
        return "filled"
    if order.venue_status in _ENDS and order.filled >= order.venue_filled:
        return _end(order)
    if order.status == "pending_cancel":
        return "pending_cancel"
    if order.filled > 0:
        return "partially_filled"
    return "open" if order.venue_status or order.venue_order_id else order.status


def _end(order: Progress) -> str:
    """Return how it ended; a venue's `rejected` after a fill was a cancel of the rest."""
    end = _ENDS[order.venue_status]
    return "canceled" if end == "rejected" and order.filled > 0 else end


def _path(before: str, wanted: str) -> tuple[str, ...]:
    """Return the steps of the lifecycle from `before` to `wanted`; none when there is no way."""
    if wanted == before or (before in FINAL and wanted not in STEPS[before]):
        return ()
    if wanted in STEPS[before]:
        return (wanted,)
    if before == "created":
        # the venue knows an order that our books have not sent: books restored from a backup
        return ("submitted", *_path("submitted", wanted))
    if wanted == "rejected":
        return _path(before, "canceled")
    return ()


def _flag(order: Progress) -> str:
    if order.filled > order.amount:
        return "overfill"
    if order.status in {"rejected", "withdrawn"} and order.filled > 0:
        return "after_end"
    return ""
