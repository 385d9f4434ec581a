"""What is known of orders that our books do not hold, and of the bots they may have come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.bots.models import Bot
from apps.marketdata.queries import instrument_ids
from apps.portfolio.models import Position
from apps.reconciliation.domain.authorship import Suspect
from apps.reconciliation.domain.strangers import OrderKey, order_key
from apps.reconciliation.models import Case
from apps.venues.models import VenueAccount

KINDS: Final = ("foreign_fill", "lost_order", "unknown_order")
_CONFIGS: Final = """
SELECT c.bot_id, c.id, c.timeframe FROM bots_botconfig c JOIN bots_bot b ON b.id = c.bot_id
WHERE b.account_id = %s ORDER BY c.bot_id, c.number DESC
"""


def told_before(*, account_id: UUID, keys: Sequence[OrderKey]) -> dict[OrderKey, dict[str, Any]]:
    """Return what earlier comparisons learnt of these orders, from their cases."""
    ids = sorted({venue_order_id for _, venue_order_id in keys})
    rows = Case.objects.filter(
        account_id=account_id, kind__in=KINDS, venue__venue_order_id__in=ids
    ).order_by("opened_at").values_list("venue", flat=True)  # fmt: skip
    return {order_key(told): told for told in rows}


def suspects(*, account_id: UUID) -> list[Suspect]:
    """Return the account's bots with every config they had, newest first."""
    configs: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CONFIGS, [account_id])
        for bot_id, config_id, timeframe in cursor.fetchall():
            configs[bot_id].append((config_id, timeframe))
    held: dict[UUID, list[datetime]] = defaultdict(list)
    rows = Position.objects.filter(account_id=account_id)
    for bot_id, opened_at in rows.values_list("bot_id", "opened_at"):
        if opened_at is not None:
            held[bot_id].append(opened_at)
    return [
        Suspect(bot.pk, bot.slug, tuple(configs[bot.pk]), tuple(held[bot.pk]))
        for bot in Bot.objects.filter(account_id=account_id).order_by("slug")
    ]


def instruments_of(*, account_id: UUID, symbols: Sequence[str]) -> dict[str, int]:
    """Return the instrument of each symbol at the account's venue."""
    venue, environment = VenueAccount.objects.values_list("venue", "environment").get(id=account_id)
    return instrument_ids(venue=venue, environment=environment, symbols=set(symbols))
