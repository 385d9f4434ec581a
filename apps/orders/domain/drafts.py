"""What `trading` hands over to make an order row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """A judged order about to be recorded; amounts in base, prices in quote per base.

    `scheduled` names the cycle or request in the client order id (ISO time, or a request id);
    `leg` tells orders of one cycle apart ("BTC/USDT:entry", "stop:1" …).
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
