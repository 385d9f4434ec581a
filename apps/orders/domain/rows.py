"""Plain rows that the bulk statements read and write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Advanced:
    """An order and the step that facts made it take."""

    order: KnownOrder
    step: Step


@dataclass(frozen=True, slots=True)
class Sendable:
    """A `created` order with what its ticket and its screening need."""

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
