"""Make the decision tables of the coming days before anything is written into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from apps.marketdata.clock import market_now

DAYS_AHEAD: Final = 3


def prepare_partitions() -> int:
    """Make the cycle partitions of today and the next days (market time); return how many are new."""
    today = market_now().date()
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE bots_cycle_partition(d)) FROM unnest(%s::date[]) d",
            [days],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
