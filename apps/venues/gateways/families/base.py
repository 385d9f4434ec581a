"""What one family of venues has to say about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.venues.domain.reports import (
    CandleRow,
    FillReport,
    OrderReport,
    OrderTicket,
    QuoteRow,
)
from apps.venues.gateways.wire import Answer


class Meaning(StrEnum):
    """What an answer proves about the request it answers."""

    REJECTED = "rejected"
    KEY = "key"
    RATE_LIMITED = "rate_limited"
    NO_SUCH_ORDER = "no_such_order"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order in ccxt's words: positional type and the request's extra parameters."""

    type: str
    price: str | None
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a venue lets through: request weight a minute per address, orders per key."""

    weight_per_minute: int = 600
    orders_per_10_seconds: int = 50
    reserved_share: float = 0.2


# our own exchange says itself when it has enough
SIMULATED_BUDGET = Budget(weight_per_minute=6_000_000, orders_per_10_seconds=100_000)


def read_code(answer: Answer) -> str:
    """Return the venue's error code as text, empty when the answer carries none."""
    return str(answer.json().get("code", ""))


def nothing(_: Any) -> None:
    """Recognise no message."""


def five(_: Any) -> int:
    """Return how many stop orders a symbol may carry where the venue does not say."""
    return 5


@dataclass(frozen=True, slots=True)
class Family:
    """The table of one family; the gateway is the same for all.

    `meanings` maps a venue code to its meaning, `by_message` a (code, part of the message);
    a code in neither proves nothing. The readers turn the venue's raw REST rows and WebSocket
    messages into ours; symbols are venue ids in and out, and a message that is something else
    gives None. `read_order` and `read_fill` raise KeyError where a row is not whole.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    trades: bool = False
    streams: bool = False
    code_of: Callable[[Answer], str] = read_code
    meanings: dict[str, Meaning] = field(default_factory=dict)
    by_message: dict[tuple[str, str], Meaning] = field(default_factory=dict)
    rate_statuses: frozenset[int] = frozenset({418, 429})
    order_of: Callable[[OrderTicket], VenueOrder] | None = None
    signed_with: Callable[[int, int], dict[str, Any]] = lambda _at_ms, _window_ms: {}
    client_id_param: str = "clientOrderId"
    fills_of_order: Callable[[str], dict[str, Any]] = nothing  # type: ignore[assignment]
    fills_after: Callable[[FillReport], dict[str, Any]] = nothing  # type: ignore[assignment]
    stop_orders_max: Callable[[Any], int] = five
    read_order: Callable[[Any], OrderReport] | None = None
    read_fill: Callable[[Any], FillReport] | None = None
    ends_stream: Callable[[Any], bool] = lambda _: False
    read_kline: Callable[[Any], CandleRow | None] = nothing
    read_quote: Callable[[Any], QuoteRow | None] = nothing
    read_private: Callable[[Any], tuple[OrderReport, FillReport | None] | None] = nothing
