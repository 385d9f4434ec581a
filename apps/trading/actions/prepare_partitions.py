"""Make the decision tables of the coming days before anything is written into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection, transaction

from apps.core.locks import give_up_locks_after
from apps.marketdata.clock import market_now

DAYS_AHEAD: Final = 3
LOCK_WAIT_MS: Final = 1000


def prepare_partitions() -> int:
    """Make the cycle partitions of today and the next days (market time); return how many are new.

    :raises OperationalError: when the table is in use for too long; every cycle waits behind us.
    """
    today = market_now().date()
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    with transaction.atomic(), connection.cursor() as cursor:
        give_up_locks_after(cursor, milliseconds=LOCK_WAIT_MS)
        cursor.execute(
            "SELECT count(*) FILTER (WHERE bots_cycle_partition(d)) FROM unnest(%s::date[]) d",
            [days],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
