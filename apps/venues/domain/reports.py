"""Plain values that cross the border to a venue; all amounts Decimal, all times epoch ms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

VenueStatus = Literal["open", "closed", "canceled", "expired", "rejected"]


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """An order as it goes to a venue; `price` and `stop_price` in quote per base."""

    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    amount: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    post_only: bool = False
    reduce_only: bool = False
    trailing_rate: Decimal | None = None
    worst_price: Decimal | None = None
    expires_at_ms: int | None = None
    position_side: str = ""
    close_position: bool = False


@dataclass(frozen=True, slots=True)
class FillReport:
    """One execution as the venue reports it; `fee` in `fee_asset`, positive when paid.

    Perpetuals: `realised` is the profit that the venue booked for it (settle units),
    `position_side` `long` or `short` in hedge mode, `is_liquidation` also for auto-deleverage.
    """

    symbol: str
    venue_order_id: str
    venue_trade_id: str
    client_order_id: str
    side: str
    price: Decimal
    amount: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    at_ms: int
    realised: Decimal | None = None
    position_side: str = ""
    is_liquidation: bool = False


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue reports it; `filled` in base units, `cost` in quote units.

    `triggered_id` is the second id that a conditional order got when it triggered.
    """

    client_order_id: str
    venue_order_id: str
    symbol: str
    status: VenueStatus
    side: str
    type: str
    amount: Decimal
    filled: Decimal
    cost: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    at_ms: int
    fills: tuple[FillReport, ...] = ()
    position_side: str = ""
    trailing_rate: Decimal | None = None
    triggered_id: str = ""


@dataclass(frozen=True, slots=True)
class PositionReport:
    """A perpetual's position as the venue reports it.

    `amount` in base units, negative when short; prices in quote per base; `margin` and
    `unrealised` in settle units; `side` is `long` or `short` in hedge mode, empty in one-way.
    """

    symbol: str
    side: str
    amount: Decimal
    entry_price: Decimal | None
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    unrealised: Decimal
    leverage: Decimal | None
    margin_mode: str
    margin: Decimal | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class FundingReport:
    """One funding payment: `amount` in `asset`, negative when paid."""

    symbol: str
    venue_id: str
    asset: str
    amount: Decimal
    at_ms: int
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class InstrumentRules:
    """An instrument's rules at a venue: tick and step in quote and base units.

    Perpetuals: `settle` is the asset that profit is paid in, `contract_size` base units of one
    contract, `maintenance_rate` the fraction of value that must stay as margin.
    """

    symbol: str
    base: str
    quote: str
    kind: str
    price_tick: Decimal
    amount_step: Decimal
    amount_min: Decimal
    cost_min: Decimal
    is_tradable: bool
    stop_orders_max: int = 5
    settle: str = ""
    contract_size: Decimal = Decimal(1)
    leverage_max: Decimal | None = None
    maintenance_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CandleRow:
    """One candle: open time in epoch ms, prices in quote units, volume in base units."""

    symbol: str
    timeframe: str
    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """Best bid and ask and last price; `at_ms` is the venue's event time.

    Perpetuals: `mark` price, `funding_rate` of the coming funding (fraction) and its time.
    """

    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal
    at_ms: int
    mark: Decimal | None = None
    funding_rate: Decimal | None = None
    next_funding_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a gateway needs to sign in; opened from the seal only in the process that calls."""

    account_id: str
    venue: str
    environment: str
    api_key: str
    api_secret: str
    api_password: str = ""
    position_mode: str = "one_way"
    margin_mode: str = "cross"
    sandbox: str = "testnet"

    def __repr__(self) -> str:
        return f"Credentials(account_id={self.account_id!r}, venue={self.venue!r})"
