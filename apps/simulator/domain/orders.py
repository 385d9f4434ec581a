"""Orders, trades and what is reported about them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.simulator.domain.perpetual.effects import ContractEffects

STOP_TYPES: Final = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
LIMIT_TYPES: Final = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
OPEN_STATUSES: Final = frozenset({"NEW", "PARTIALLY_FILLED"})


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for. Amounts in base units, `cost` in quote units; zero means not given."""

    symbol: str
    side: str
    type: str
    client_order_id: str
    amount: Decimal = ZERO
    cost: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    time_in_force: str = "GTC"
    reduce_only: bool = False
    trailing_delta: int = 0
    position_side: str = ""
    good_till_ms: int = 0
    orig_type: str = ""


@dataclass(slots=True)
class Order:
    """An accepted order. `locked` is what it holds back of `locked_asset`.

    `trailing_delta` in basis points; `trailing_best` is the best price since `trailing_ms`, from
    which a trailing stop follows (zero: not followed yet). `order_list_id` is -1 outside lists.
    """

    order_id: int
    account_id: int
    symbol: str
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    amount: Decimal
    price: Decimal
    stop_price: Decimal
    cost_asked: Decimal
    reduce_only: bool
    created_ms: int
    updated_ms: int
    working_ms: int = -1
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    locked: Decimal = ZERO
    status: str = "NEW"
    order_list_id: int = -1
    trailing_delta: int = 0
    trailing_ms: int = -1
    trailing_best: Decimal = ZERO
    amends: int = 0
    position_side: str = ""
    good_till_ms: int = 0
    orig_type: str = ""

    @property
    def remaining(self) -> Decimal:
        """Base units not yet filled."""
        return self.amount - self.filled

    @property
    def is_open(self) -> bool:
        """Whether it can still fill or be cancelled."""
        return self.status in OPEN_STATUSES

    @property
    def is_working(self) -> bool:
        """Whether it is in the book: a stop is not before it triggers."""
        return self.working_ms >= 0

    @property
    def is_waiting_stop(self) -> bool:
        """Whether it waits for its trigger price."""
        return self.type in STOP_TYPES and not self.is_working

    @property
    def has_limit(self) -> bool:
        """Whether it carries a worst price."""
        return self.type in LIMIT_TYPES

    @property
    def triggers_on_rise(self) -> bool:
        """Whether a rising price triggers (a trailing stop: starts) it: stop buys, profit sells."""
        return self.type.startswith("STOP") == (self.side == "BUY")

    @property
    def is_trailing(self) -> bool:
        """Whether its trigger follows the price."""
        return self.trailing_delta > 0

    @property
    def lock_price(self) -> Decimal:
        """The price in quote units a buy must be able to pay; for a trailing stop the worst one."""
        if self.has_limit or not self.is_trailing:
            return self.price if self.has_limit else self.stop_price
        return (self.stop_price or self.trailing_best) * (1 + Decimal(self.trailing_delta) / 10_000)


@dataclass(slots=True)
class OrderList:
    """Orders of which one's first fill or trigger ends the others; `legs` are (id, client id)."""

    order_list_id: int
    account_id: int
    symbol: str
    client_list_id: str
    created_ms: int
    legs: tuple[tuple[int, str], ...] = ()
    contingency: str = "OCO"
    status: str = "EXECUTING"


@dataclass(frozen=True, slots=True)
class Trade:
    """One side of one execution; `cost` = price x amount in quote units, `fee` in `fee_asset`."""

    trade_id: int
    order_id: int
    account_id: int
    symbol: str
    side: str
    price: Decimal
    amount: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    at_ms: int
    position_side: str = ""
    realised: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Report:
    """One step of one order as its owner is told it, with the balances right after it.

    With `listed` it is a step of that order list instead, and `order` is one of its legs.
    """

    execution: str
    order: Order
    at_ms: int
    trade: Trade | None = None
    cancel_id: str = ""
    balances: tuple[tuple[str, Decimal, Decimal], ...] = ()
    listed: OrderList | None = None


@dataclass(slots=True)
class Effects:
    """Everything one command changed; it is stored before anybody is told."""

    orders: dict[int, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    balances: set[tuple[int, str]] = field(default_factory=set)
    reports: list[Report] = field(default_factory=list)
    lists: dict[int, OrderList] = field(default_factory=dict)
    contracts: ContractEffects = field(default_factory=ContractEffects)

    def report(self, report: Report) -> None:
        """Add `report`, freezing the order as it is now."""
        frozen = replace(report, order=copy(report.order), listed=copy(report.listed))
        self.reports.append(frozen)

    def merge(self, other: Effects) -> None:
        """Append what `other` changed after this."""
        self.orders.update(other.orders)
        self.trades.extend(other.trades)
        self.balances |= other.balances
        self.reports.extend(other.reports)
        self.lists.update(other.lists)
        self.contracts.merge(other.contracts)

    def __bool__(self) -> bool:
        return bool(self.orders or self.trades or self.balances or self.reports or self.contracts)
