"""Candle partitions for the years to come."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from apps.core.clock import now
from apps.core.locks import give_up_locks_after

YEARS_AHEAD: Final = 2
LOCK_WAIT_MS: Final = 1000


def ensure_partitions() -> list[int]:
    """Make the candle partitions of this year and the next two; return the years that were new.

    The tables belong to `desk_owner`; the runtime role may only call the function that adds one.

    :raises OperationalError: when the table is in use for too long; every candle waits behind us.
    """
    year = now().year
    made = []
    with transaction.atomic(), connection.cursor() as cursor:
        give_up_locks_after(cursor, milliseconds=LOCK_WAIT_MS)
        for wanted in range(year, year + YEARS_AHEAD + 1):
            cursor.execute("SELECT marketdata_ensure_candle_partition(%s)", [wanted])
            if cursor.fetchone()[0]:
                made.append(wanted)
    return made
