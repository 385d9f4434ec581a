"""Real time. Market time lives in `apps.marketdata.clock`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, UTC, aware."""
    return datetime.now(UTC)


def to_ms(moment: datetime) -> int:
    """Return `moment` as epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, UTC)
