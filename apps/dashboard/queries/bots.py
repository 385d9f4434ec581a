"""The bots as rows for lists: what they are, and when they last decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q

from apps.bots.models import Bot, BotConfigInstrument
from apps.core.clock import now
from apps.orders.domain.lifecycle import UNFINISHED
from apps.orders.models import Order

LAST_CYCLE_SQL = """
SELECT b.id, c.closed_at, c.outcome, c.status
FROM bots_bot b
CROSS JOIN LATERAL (
    SELECT closed_at, outcome, status FROM bots_cycle
    WHERE bot_id = b.id AND status <> 'open' ORDER BY scheduled_for DESC LIMIT 1
) c
WHERE b.archived_at IS NULL
"""


def bot_rows() -> list[dict[str, Any]]:
    """Return every bot that is not archived, by slug (one statement)."""
    rows = Bot.objects.filter(archived_at=None).order_by("slug").values(
        "id", "slug", "name", "state", "state_reason", "state_since", "stage", "account_id", "config_id",
        account_slug=F("account__slug"), venue=F("account__venue"), environment=F("account__environment"),
        quote=F("account__quote_asset"), timeframe=F("config__timeframe"),
        strategy=F("config__strategy_version__strategy__name"),
        strategy_title=F("config__strategy_version__strategy__title"),
    )  # fmt: skip
    return [dict(row) for row in rows]


def symbols_by_config() -> dict[UUID, list[str]]:
    """Return the symbols of each config version that is in use (one statement)."""
    found: dict[UUID, list[str]] = {}
    used = BotConfigInstrument.objects.filter(config__in=Bot.objects.values("config"))
    for config, symbol in used.values_list("config_id", "instrument__symbol").order_by(
        "instrument__symbol"
    ):
        found.setdefault(config, []).append(symbol)
    return found


def last_cycles() -> dict[UUID, tuple[datetime | None, str, str]]:
    """Return when each bot last decided, with outcome and status (one statement)."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_CYCLE_SQL)
        return {bot: (at, outcome, status) for bot, at, outcome, status in cursor}


def order_counts() -> dict[UUID, dict[str, int]]:
    """Return per bot how many orders are open and unknown (one statement)."""
    rows = (
        Order.objects.filter(status__in=UNFINISHED)
        .order_by()
        .values("bot_id")
        .annotate(open=Count("id"), unknown=Count("id", filter=Q(status="unknown")))
    )
    return {row["bot_id"]: {"open": row["open"], "unknown": row["unknown"]} for row in rows}


def rejected_counts() -> dict[UUID, int]:
    """Return per bot how many orders the venue rejected within the last hour (one statement)."""
    since = now() - timedelta(hours=1)
    bots = Bot.objects.filter(archived_at=None).values("id")
    rows = (
        Order.objects.filter(bot__in=bots, decided_at__gte=since, status="rejected")
        .order_by()
        .values_list("bot_id")
        .annotate(Count("id"))
    )
    return dict(rows)
