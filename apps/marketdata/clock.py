"""Market time: real, or virtual on a desk that replays or rehearses."""

from __future__ import annotations

from datetime import datetime

from apps.core.clock import now
from apps.core.statements import run
from apps.marketdata.models import MarketClock


def market_now() -> datetime:
    """Return the market's time: the virtual clock where this desk has one, else real UTC."""
    rows = run("SELECT now FROM marketdata_marketclock ORDER BY id LIMIT 1", {})
    return rows[0][0] if rows else now()


def clock_is_virtual() -> bool:
    """Return whether this desk's market runs on a virtual clock."""
    return MarketClock.objects.exists()
