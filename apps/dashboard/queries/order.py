"""One order's whole story, from the candle that led to it to the lines it left in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from apps.bots.models import Cycle
from apps.core.errors import NotFound
from apps.dashboard.queries.positions import Holding, holdings
from apps.dashboard.queries.relatives import Relative, relatives_of
from apps.orders.models import Fill, Order, OrderEvent, VenueFact, VenueOrderId, WireCall
from apps.portfolio.models import JournalLine
from apps.risk.queries import effective_limits

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
    "account", "bot", "instrument", "verdict", "config__strategy_version__strategy", "halt",
    "bot__stage_request", "group", "quality",
)  # fmt: skip
# A page shows as many of each; an order has a handful.
ROWS_MAX: Final = 100
# What the bot held right after this order's last fill; fees paid in the base leave the holding.
_HELD: Final = """
SELECT sum(CASE f.side WHEN 'buy' THEN f.amount ELSE -f.amount END
    - CASE WHEN f.fee_asset = i.base AND i.kind = 'spot' THEN f.fee ELSE 0 END)
FROM orders_fill f JOIN marketdata_instrument i ON i.id = f.instrument_id
WHERE f.bot_id = %s AND f.instrument_id = %s AND (f.at, f.id) <= (%s, %s)
"""


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order with everything that explains it; `held_after` in base units, after its last fill.

    `holding` is what its bot holds of a perpetual now: side, liquidation price, funding, exits.
    """

    order: Order
    cycle: dict[str, Any] | None
    limits: list[tuple[str, str, Decimal]]
    events: list[OrderEvent]
    fills: list[Fill]
    held_after: Decimal | None
    lines: list[JournalLine]
    chain: list[Relative]
    legs: list[Relative]
    venue_ids: list[VenueOrderId]
    calls: list[WireCall]
    facts: list[VenueFact]
    holding: Holding | None

    @property
    def is_liquidation(self) -> bool:
        """Whether the venue took the position away."""
        return any(fill.is_liquidation for fill in self.fills)

    @property
    def average(self) -> Decimal | None:
        """Average price of its fills, quote per base."""
        return self.order.cost / self.order.filled if self.order.filled else None

    @property
    def realised(self) -> Decimal | None:
        """What the venue booked as profit for its fills (settle units); None on spot."""
        booked = [fill.realised for fill in self.fills if fill.realised is not None]
        return sum(booked, Decimal(0)) if booked else None


def order_named(client_order_id: str) -> Order:
    """Return an order of ours with what it hangs on (one statement).

    :raises NotFound: no order of ours has this id.
    """
    order = Order.objects.select_related(*RELATED).filter(client_order_id=client_order_id).first()
    if order is None:
        raise NotFound("UNKNOWN_ORDER", order=client_order_id)
    return order


def read_order(client_order_id: str) -> OrderStory:
    """Return an order's story (12 statements at most, 13 of a perpetual, however long its life was).

    :raises NotFound: no order of ours has this id.
    """
    order = order_named(client_order_id)
    fills = list(Fill.objects.filter(order=order).order_by("at", "id")[:ROWS_MAX])
    lines = JournalLine.objects.filter(entry__fill__order=order).select_related("entry")
    chain, legs = relatives_of(order)
    facts = VenueFact.objects.filter(account_id=order.account_id, client_order_id=client_order_id)
    return OrderStory(
        order=order,
        cycle=_cycle_of(order),
        limits=_limits_of(order),
        events=list(OrderEvent.objects.filter(order=order).order_by("id")[:ROWS_MAX]),
        fills=fills,
        held_after=_held_after(fills[-1]) if fills else None,
        lines=list(lines.order_by("entry__at", "entry_id", "id")[: 4 * ROWS_MAX]),
        chain=chain,
        legs=legs,
        venue_ids=list(VenueOrderId.objects.filter(order=order).order_by("id")[:ROWS_MAX]),
        calls=list(WireCall.objects.filter(order=order).order_by("at", "id")[:ROWS_MAX]),
        facts=list(facts.order_by("id")[:ROWS_MAX]),
        holding=_holding_of(order),
    )


def _holding_of(order: Order) -> Holding | None:
    """Return what the bot holds of a perpetual now; spot has neither liquidation nor funding."""
    if order.instrument.kind != "linear":
        return None
    rows = holdings(bot_id=order.bot_id)
    return next((row for row in rows if row.instrument_id == order.instrument_id), None)


def _cycle_of(order: Order) -> dict[str, Any] | None:
    if order.cycle_at is None:
        return None
    found = Cycle.objects.filter(bot_id=order.bot_id, scheduled_for=order.cycle_at)
    row = found.values_list(*CYCLE_COLUMNS).first()
    return dict(zip(CYCLE_COLUMNS, row, strict=True)) if row else None


def _limits_of(order: Order) -> list[tuple[str, str, Decimal]]:
    """Return (name, scope, value) of the tightest limits that bind its place now."""
    key = (order.bot_id, order.instrument_id)
    bots = [(order.bot_id, order.account_id)]
    found = effective_limits(bots=bots, instrument_ids=[order.instrument_id])[key]
    tightest: dict[str, tuple[Decimal, str]] = {}
    for scope, limits in found.by_scope.items():
        for name, value in limits.items():
            tightest[name] = min(tightest.get(name, (value, scope)), (value, scope))
    return [(name, scope, value) for name, (value, scope) in sorted(tightest.items())]


def _held_after(last: Fill) -> Decimal | None:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [last.bot_id, last.instrument_id, last.at, last.pk])
        row = cursor.fetchone()
    return row[0] if row else None


def seen_of(cycle: Mapping[str, Any] | None, symbol: str, part: str) -> dict[str, Any]:
    """Return what a cycle saw or wanted (`part`) of one symbol; {} for nothing."""
    found = ((cycle or {}).get(part) or {}).get(symbol)
    return found if isinstance(found, dict) else {}
