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
