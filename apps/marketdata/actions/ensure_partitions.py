"""Candle partitions for the years to come."""

from __future__ import annotations

from typing import Final

from django.db import connection

from apps.core.clock import now

YEARS_AHEAD: Final = 2


def ensure_partitions() -> list[int]:
    """Make the candle partitions of this year and the next two; return the years that were new.

    The tables belong to `desk_owner`; the runtime role may only call the function that adds one.
    """
    year = now().year
    made = []
    with connection.cursor() as cursor:
        for wanted in range(year, year + YEARS_AHEAD + 1):
            cursor.execute("SELECT marketdata_ensure_candle_partition(%s)", [wanted])
            if cursor.fetchone()[0]:
                made.append(wanted)
    return made
