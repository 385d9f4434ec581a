"""What a venue's streams are made of, and what comes out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.venues.domain.reports import FillReport, FundingReport, OrderReport, PositionReport


@dataclass(frozen=True, slots=True)
class QuotePart:
    """What one stream message says of a symbol's quote; parts are put together by symbol."""

    symbol: str
    at_ms: int
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    mark: Decimal | None = None
    funding_rate: Decimal | None = None
    next_funding_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AccountNews:
    """The venue says that something of the account changed and not how: it is to be read."""

    what: str
    at_ms: int


Report = OrderReport | FillReport | PositionReport | FundingReport
News = Report | AccountNews


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Which of ccxt's watch methods make up a stream, and how ccxt names their subscriptions.

    `quotes` pairs a method with the prefix of its subscription names; `private_type` is what
    ccxt's authenticate takes and `private_prefix` how it names the private subscription.
    `acknowledges` says whether the private socket answers a request of ours; where it does not,
    being connected is enough. `pings` says that the venue's pings prove a quiet socket alive.
    """

    quotes: Sequence[tuple[str, str]] = (("watch_tickers", "ticker:"),)
    candles_prefix: str = "ohlcv::"
    private_params: Mapping[str, Any] = field(default_factory=dict)
    private_prefix: str = "spot"
    acknowledges: bool = True
