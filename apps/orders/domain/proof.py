"""When an order that the venue does not show is proved to be absent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

RECEIVE_WINDOW: Final = timedelta(seconds=4)
# (venue, environment) -> back-end limit plus clock skew, on top of the receive window.
_SLACK: Final[dict[tuple[str, str], timedelta]] = {
    ("binance", "testnet"): timedelta(seconds=11),  # Binance answers or drops within 10 s
    ("binance", "live"): timedelta(seconds=11),
}
_SIMULATED: Final = timedelta(seconds=2)
_CAUTIOUS: Final = timedelta(seconds=56)


def horizon(*, venue: str, environment: str) -> timedelta:
    """Return how long after sending a request may still take effect at the venue (real time)."""
    if environment == "simulated":
        return RECEIVE_WINDOW + _SIMULATED
    return RECEIVE_WINDOW + _SLACK.get((venue, environment), _CAUTIOUS)


def may_ask_for_proof(
    *, submitted_at: datetime, asked_at: datetime, venue: str, environment: str
) -> bool:
    """Return whether "not found", asked at `asked_at`, can prove absence."""
    return asked_at >= submitted_at + horizon(venue=venue, environment=environment)
