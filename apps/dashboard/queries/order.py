"""One order's whole story, from the candle that led to it to the lines it left in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.bots.models import Cycle
from apps.core.errors import NotFound
from apps.orders.models import Fill, Order, OrderEvent
from apps.portfolio.models import JournalLine

CYCLE_COLUMNS = (
    "scheduled_for",
    "status",
    "outcome",
    "seen",
    "wanted",
    "codes",
    "opened_at",
    "closed_at",
)
RELATED = (
    "account", "bot", "instrument", "verdict", "config__strategy_version__strategy", "replaces", "halt",
    "bot__stage_request",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order with everything that explains it."""

    order: Order
    cycle: dict[str, Any] | None
    events: list[OrderEvent]
    fills: list[Fill]
    lines: list[JournalLine]
    replaced_by: list[Order]


def read_order(client_order_id: str) -> OrderStory:
    """Return an order's story (6 statements).

    :raises NotFound: no order of ours has this id.
    """
    order = Order.objects.select_related(*RELATED).filter(client_order_id=client_order_id).first()
    if order is None:
        raise NotFound("UNKNOWN_ORDER", order=client_order_id)
    cycle = None
    if order.cycle_at is not None:
        found = Cycle.objects.filter(bot_id=order.bot_id, scheduled_for=order.cycle_at)
        row = found.values_list(*CYCLE_COLUMNS).first()
        cycle = dict(zip(CYCLE_COLUMNS, row, strict=True)) if row else None
    lines = JournalLine.objects.filter(entry__fill__order=order).select_related("entry")
    return OrderStory(
        order=order,
        cycle=cycle,
        events=list(OrderEvent.objects.filter(order=order).order_by("id")),
        fills=list(Fill.objects.filter(order=order).order_by("at", "id")),
        lines=list(lines.order_by("entry__at", "entry_id", "id")),
        replaced_by=list(Order.objects.filter(replaces=order)),
    )
