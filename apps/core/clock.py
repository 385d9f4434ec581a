"""Real time. Market time lives in `apps.marketdata.clock`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

_REAL: Final = partial(datetime.now, UTC)
_read: Callable[[], datetime] = _REAL


def now() -> datetime:
    """Return the current time, UTC, aware."""
    return _read()


def read_from(source: Callable[[], datetime] | None) -> None:
    """Let this process read the time from `source`; None means the machine's clock again.

    For the seeded simulation, where hours pass in a blink. A desk never calls it.
    """
    global _read  # noqa: PLW0603 - one clock a process, read on every hot path
    _read = source or _REAL


def to_ms(moment: datetime) -> int:
    """Return `moment` as epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, UTC)
