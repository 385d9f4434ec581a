"""When an order that the venue does not show is proved to be absent."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from typing import Final

from apps.venues.domain.reports import FillReport

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


def shows_nothing_of(
    *, client_order_id: str, side: str, fills: Iterable[FillReport], known: Container[str]
) -> bool:
    """Return whether the trades since an order was sent leave no room for one of its own.

    `known` are venue order ids of our other orders. A trade on its side that belongs to none of
    them may be its own, so it keeps the doubt alive.
    """
    return not any(
        fill.client_order_id == client_order_id
        or (fill.side == side and not fill.client_order_id and fill.venue_order_id not in known)
        for fill in fills
    )
