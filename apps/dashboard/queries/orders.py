"""Orders and fills as lists, filtered by the address."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.http import QueryDict

from apps.core.clock import now
from apps.dashboard.domain.live import Live, version
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Fill, Order

# name -> (words, condition): the saved filters
SAVED: Final[dict[str, tuple[str, Q]]] = {
    "": ("All", Q()),
    "open": ("Open", Q(status__in=UNFINISHED)),
    "unknown": ("Unknown", Q(status="unknown")),
    "rejected": ("Rejected today", Q(status="rejected")),
    "manual": ("By hand", Q(origin="manual")),
    "groups": ("In groups", Q(group__isnull=False)),
    "protect": ("Protection", Q(purpose="protect", status__in=UNFINISHED)),
    "filled": ("Filled", Q(status="filled")),
}
FILTERS: Final = ("show", "bot", "symbol", "purpose", "group", "q")
COLUMNS: Final = (
    "id", "client_order_id", "decided_at", "purpose", "side", "type", "time_in_force", "amount", "price",
    "stop_price", "trailing_rate", "status", "status_reason", "filled", "cost", "cancel_requested_at",
    "post_only", "reduce_only", "origin", "group_id", "venue_order_id", "acknowledged_at",
)  # fmt: skip
WORDS: Final = {
    "bot_slug": F("bot__slug"),
    "stage": F("bot__stage"),
    "account_slug": F("account__slug"),
    "symbol": F("instrument__symbol"),
    "tick": F("instrument__price_tick"),
    "step": F("instrument__amount_step"),
}
VERSION_SQL = """
SELECT (SELECT max(id) FROM orders_orderevent), (SELECT id FROM orders_fill ORDER BY id DESC LIMIT 1),
       (SELECT count(*) FROM orders_order WHERE status IN
        ('created', 'submitted', 'unknown', 'open', 'partially_filled', 'pending_cancel'))
"""


def matching(chosen: QueryDict) -> QuerySet[Order]:
    """Return the orders that fit the filters in the address."""
    found: QuerySet[Order] = Order.objects.filter(SAVED.get(chosen.get("show", ""), SAVED[""])[1])
    if chosen.get("show") == "rejected":
        found = found.filter(
            decided_at__gte=now().replace(hour=0, minute=0, second=0, microsecond=0)
        )
    found = by_bot_and_symbol(found, chosen)
    if purpose := chosen.get("purpose"):
        found = found.filter(purpose=purpose)
    if text := chosen.get("group", ""):
        found = found.filter(group_id=UUID(text)) if is_uuid(text) else found.none()
    if text := chosen.get("q", "").strip().lower():
        found = found.filter(Q(client_order_id__startswith=text) | Q(venue_order_id=text))
    return found


def is_uuid(text: str) -> bool:
    """Return whether `text` names a row."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def orders(chosen: QueryDict) -> QuerySet[Any, Any]:
    """Return the orders that fit the filters in the address, newest first."""
    found: QuerySet[Any, Any] = matching(chosen).order_by("-decided_at", "-id")
    return found.values(*COLUMNS, **WORDS, group_kind=F("group__kind"))


def fills(chosen: QueryDict) -> QuerySet[Any, Any]:
    """Return the fills that fit the filters in the address, newest first."""
    found = by_bot_and_symbol(Fill.objects.all(), chosen)
    return found.order_by("-at", "-id").values(
        "id", "at", "side", "liquidity", "price", "amount", "cost", "fee", "fee_asset", "venue_trade_id",
        client_order_id=F("order__client_order_id"), purpose=F("order__purpose"), **WORDS,
    )  # fmt: skip


def by_bot_and_symbol(found: QuerySet[Any, Any], chosen: QueryDict) -> QuerySet[Any, Any]:
    """Narrow orders or fills to a bot's slug and a symbol."""
    if bot := chosen.get("bot", "").strip():
        found = found.filter(bot__slug=bot)
    if symbol := chosen.get("symbol", "").strip().upper():
        found = found.filter(instrument__symbol=symbol)
    return found


def open_orders_of(bot_id: UUID) -> list[dict[str, Any]]:
    """Return a bot's unfinished orders, oldest first (one statement)."""
    found = Order.objects.filter(bot_id=bot_id, status__in=UNFINISHED)
    return list(
        found.order_by("decided_at").values(
            *COLUMNS, **WORDS, group_kind=F("group__kind"), instrument_number=F("instrument_id")
        )
    )


def read_orders_live() -> Live:
    """Return the version of the order and fill lists (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION_SQL)
        row = cursor.fetchone()
    return Live({}, {"orders": version(*row)})
