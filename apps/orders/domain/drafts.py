"""What `trading` hands over to make an order row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """A judged order about to be recorded; amounts in base, prices in quote per base.

    `scheduled` names the cycle or request in the client order id (ISO time, or a request id);
    `leg` tells orders of one cycle apart ("BTC/USDT:entry", "stop:1" …).

    An amendment (`is_amendment`, `replaces_id`) has as `amount` what shall be filled from now on:
    the wanted total less `replaced_filled`, what the old order had filled when it was amended.
    `expires_at` (GTD) and `tend_at` (when an unfilled order is looked after) are market time,
    `trailing_rate` is a fraction of the price, `worst_price` the slippage guard's bound.
    """

    verdict_id: UUID
    account_id: UUID
    bot_id: UUID
    config_id: UUID
    instrument_id: int
    purpose: str
    side: str
    type: str
    amount: Decimal
    decided_at: datetime
    send_by: datetime
    scheduled: str
    leg: str
    attempt: int = 0
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    arrival_price: Decimal | None = None
    cycle_at: datetime | None = None
    replaces_id: UUID | None = None
    halt_id: UUID | None = None
    is_amendment: bool = False
    replaced_filled: Decimal = ZERO
    group_id: UUID | None = None
    origin: str = "cycle"
    requested_by: str = ""
    reason: str = ""
    trailing_rate: Decimal | None = None
    worst_price: Decimal | None = None
    expires_at: datetime | None = None
    tend_at: datetime | None = None
    position_side: str = ""
