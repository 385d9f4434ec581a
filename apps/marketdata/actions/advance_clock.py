"""Move the market's virtual clock."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection, transaction

from apps.core.errors import Conflict
from apps.venues.models import VenueAccount

ADVANCE: Final = """
INSERT INTO marketdata_marketclock AS kept (id, now) VALUES (1, %s)
    ON CONFLICT (id) DO UPDATE SET now = excluded.now WHERE kept.now <= excluded.now
"""


def advance_clock(*, to: datetime) -> None:
    """Set the virtual market time of this desk to `to`; the first call makes the clock virtual.

    :raises Conflict: `CLOCK_BESIDE_REAL_ACCOUNT` when any account is not simulated;
        `CLOCK_BACKWARDS` when the clock is already later.
    """
    with transaction.atomic():
        real = VenueAccount.objects.exclude(environment="simulated").values_list("slug", flat=True)
        if slug := real.first():
            raise Conflict("CLOCK_BESIDE_REAL_ACCOUNT", account=slug)
        with connection.cursor() as cursor:
            cursor.execute(ADVANCE, [to])
            if not cursor.rowcount:
                raise Conflict("CLOCK_BACKWARDS", to=to.isoformat())
