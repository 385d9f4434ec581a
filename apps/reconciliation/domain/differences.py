"""What a comparison finds: differences, and what the venue proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.venues.domain.reports import FillReport, OrderReport

FillKey = tuple[str, str, str]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BookOrder:
    """An order of ours: unfinished, or ended since the last comparison; `filled` in base units."""

    id: UUID
    client_order_id: str
    venue_order_id: str
    symbol: str
    status: str
    filled: Decimal


@dataclass(frozen=True, slots=True)
class BookFill:
    """A fill as we booked it: amount in base, price in quote units, fee in its own asset."""

    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str


@dataclass(frozen=True, slots=True)
class Book:
    """What we hold true: orders, and fills by (symbol, venue order, venue trade)."""

    orders: tuple[BookOrder, ...]
    fills: dict[FillKey, BookFill]
    # venue order ids of older orders that fills in the window may belong to
    known_order_ids: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the venue shows: all open orders, and the fills of the window."""

    open_orders: tuple[OrderReport, ...]
    fills: tuple[FillReport, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which book and venue differ."""

    kind: str
    subject: str
    severity: str
    book: dict[str, Any] = field(default_factory=dict)
    venue: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What makes it the same difference when it is seen again."""
        return (self.kind, self.subject)


@dataclass(slots=True)
class Findings:
    """What a comparison came to.

    `told` are reports of our own orders that say more than our books; `missed` fills of our own
    orders that we lack; `absent` orders of ours that the venue no longer shows as open and that
    it must be asked about. `in_doubt` counts fills that cannot be told yet, `in_transit` orders
    whose arrival is open.
    """

    compared: int = 0
    differences: list[Difference] = field(default_factory=list)
    told: list[OrderReport] = field(default_factory=list)
    missed: list[FillReport] = field(default_factory=list)
    absent: list[BookOrder] = field(default_factory=list)
    in_doubt: int = 0
    in_transit: int = 0

    @property
    def equal(self) -> int:
        """How many of the compared things were alike."""
        odd = len(self.differences) + len(self.told) + len(self.missed) + len(self.absent)
        return max(0, self.compared - odd)
