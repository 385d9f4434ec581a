"""Plain rows that the bulk statements read and write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.core.domain.money import ZERO
from apps.orders.domain.progress import Progress, Step


@dataclass(frozen=True, slots=True)
class FactRow:
    """A stored fact that waits to be absorbed."""

    id: int
    kind: str
    client_order_id: str
    venue_order_id: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order of ours as `absorb` needs it, with its instrument's assets and step."""

    id: UUID
    client_order_id: str
    bot_id: UUID
    instrument_id: int
    purpose: str
    side: str
    symbol: str
    base: str
    quote: str
    amount_step: Decimal
    stage: str
    progress: Progress
    # further ids by which the venue knows it: what a conditional order became
    other_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewFill:
    """A fill about to be recorded; amounts in base, cost in quote units, fee in its asset."""

    id: UUID
    order: KnownOrder
    venue_order_id: str
    venue_trade_id: str
    side: str
    liquidity: str
    price: Decimal
    amount: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    at: datetime
    # perpetuals: the profit that the venue booked for it, settle units
    realised: Decimal | None = None
    is_liquidation: bool = False


@dataclass(frozen=True, slots=True)
class Advanced:
    """An order and the step that facts made it take."""

    order: KnownOrder
    step: Step


@dataclass(frozen=True, slots=True)
class Sendable:
    """A `created` order with what its ticket and its screening need.

    `group_id` with `is_native_group`: its two `created` *protect* rows go out in one call, the
    stop leg is the one with a `stop_price`, the target leg a plain limit order. `is_amendment`:
    `amount` is what shall be filled from now on. The venue's own edit takes
    `amount + replaced_filled` as its total; cancel and renew sends `rest`, which subtracts what the
    old order filled since it was amended. `worst_price`, `trailing_rate`, `position_side` and
    `expires_at` (market time) go into the ticket as they are.
    """

    id: UUID
    client_order_id: str
    bot_id: UUID
    instrument_id: int
    symbol: str
    purpose: str
    side: str
    type: str
    time_in_force: str
    post_only: bool
    reduce_only: bool
    amount: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    send_by: datetime
    halt_id: UUID | None
    replaces_id: UUID | None
    replaced_status: str
    bot_state: str
    cancel_requested: bool
    is_amendment: bool = False
    group_id: UUID | None = None
    is_native_group: bool = False
    trailing_rate: Decimal | None = None
    worst_price: Decimal | None = None
    expires_at: datetime | None = None
    position_side: str = ""
    # what the replaced order had filled when this was recorded, and has filled now
    replaced_filled: Decimal = ZERO
    replaced_filled_now: Decimal = ZERO
    replaced_client_id: str = ""
    replaced_venue_id: str = ""

    @property
    def rest(self) -> Decimal:
        """What is left to send of an amendment when the old order has ended, base units."""
        if not self.is_amendment:
            return self.amount
        return self.amount - (self.replaced_filled_now - self.replaced_filled)


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that the venue is asked about."""

    id: UUID
    client_order_id: str
    symbol: str
    side: str
    status: str
    venue_order_id: str
    filled: Decimal
    submitted_at: datetime | None
    decided_at: datetime
    send_by: datetime


@dataclass(frozen=True, slots=True)
class UnfinishedOrder:
    """An order that may still have or get an effect; amounts in base units."""

    id: UUID
    client_order_id: str
    bot_id: UUID
    instrument_id: int
    purpose: str
    side: str
    status: str
    amount: Decimal
    filled: Decimal
