"""When an order that the venue does not show is proved to be absent.

The horizon of a venue is how long after sending a request may still take effect: its receive
window, the limit of its own back end, and the skew of two clocks. All in real time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.venues.domain.reports import FillReport


@dataclass(frozen=True, slots=True)
class Horizon:
    """One venue's limits in seconds, and why they are believed.

    `window`: how late a signed request is still taken. `back_end`: how long one that was taken
    may wait inside before it is executed or dropped. `skew`: the venue's clock against ours.
    """

    window: int
    back_end: int
    skew: int
    source: str

    @property
    def seconds(self) -> int:
        """The whole of it."""
        return self.window + self.back_end + self.skew


# Nothing leaves later than 4 s after its claim, so a venue without a window has that much less.
HORIZONS: Final[dict[str, Horizon]] = {
    "binance": Horizon(
        4, 10, 1, "recvWindow 4000 on every order; -1007: the back end answers within 10 s"
    ),
    "binanceusdm": Horizon(
        4, 10, 1, "recvWindow 4000; -1007 and 503: execution unknown, settled within 10 s"
    ),
    "bybit": Horizon(
        5, 10, 1, "X-BAPI-RECV-WINDOW, 5000 where none is sent; 10016 server error within 10 s"
    ),
    "okx": Horizon(
        30, 5, 1, "OK-ACCESS-TIMESTAMP is refused (50102) when older than 30 s; expTime is optional"
    ),
    "kraken": Horizon(
        4,
        5,
        5,
        "`deadline` of 4 s on every order, kept by the matching engine; its clock is told in"
        " whole seconds, so the 5 s of acceptance card 1 stand for it",
    ),
    "kucoin": Horizon(5, 10, 1, "KC-API-TIMESTAMP is refused (400002) when older than 5 s"),
    "hyperliquid": Horizon(
        4,
        10,
        5,
        "expiresAfter of 4 s is signed with every order: no later block takes it; its clock"
        " is not measured, so the 5 s of acceptance card 1 stand for it",
    ),
}
SIMULATED: Final = Horizon(4, 1, 1, "our own exchange takes a request at once or not at all")
CAUTIOUS: Final = Horizon(4, 55, 1, "a venue without a row: a minute")


def limits(*, venue: str, environment: str) -> Horizon:
    """Return the row of a venue (ccxt id); a venue without one gets the cautious row."""
    return SIMULATED if environment == "simulated" else HORIZONS.get(venue, CAUTIOUS)


def horizon(*, venue: str, environment: str) -> timedelta:
    """Return how long after sending a request may still take effect at the venue (real time)."""
    return timedelta(seconds=limits(venue=venue, environment=environment).seconds)


def may_ask_for_proof(
    *, submitted_at: datetime, asked_at: datetime, venue: str, environment: str
) -> bool:
    """Return whether "not found", asked at `asked_at`, can prove absence.

    Requests are signed with the time of their claim (`submitted_at`), where the window begins.
    """
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
