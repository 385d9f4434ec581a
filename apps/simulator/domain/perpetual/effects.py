"""What a command changed in the books of perpetuals, and what their owners are told of it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.domain.money import ZERO

if TYPE_CHECKING:
    from apps.simulator.domain.orders import Order, Trade
    from apps.simulator.domain.perpetual.books import AlgoOrder, Position, PositionKey


@dataclass(frozen=True, slots=True)
class Income:
    """One flow into (or, negative, out of) a wallet; `kind` in Binance's words."""

    income_id: int
    account_id: int
    symbol: str
    kind: str
    amount: Decimal
    asset: str
    at_ms: int
    trade_id: int = 0
    rate: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One step of one order, frozen as it was."""

    account_id: int
    execution: str
    order: Order
    at_ms: int
    trade: Trade | None = None


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """Wallet (asset, balance, cross balance, change without trading) and positions after a step."""

    account_id: int
    reason: str
    at_ms: int
    wallet: tuple[str, Decimal, Decimal, Decimal]
    positions: tuple[tuple[Position, Decimal, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class AlgoEvent:
    """One step of one conditional order, frozen as it was; `reason` when it was refused.

    `sent` is the order it sent, once it triggered.
    """

    account_id: int
    algo: AlgoOrder
    at_ms: int
    reason: str = ""
    sent: Order | None = None


@dataclass(frozen=True, slots=True)
class ConfigEvent:
    """A new leverage of a contract."""

    account_id: int
    symbol: str
    leverage: int
    at_ms: int


Event = OrderEvent | AccountEvent | AlgoEvent | ConfigEvent


@dataclass(slots=True)
class ContractEffects:
    """Keys of what changed, new rows, and the events in the order in which they happened."""

    wallets: set[tuple[int, str]] = field(default_factory=set)
    positions: set[PositionKey] = field(default_factory=set)
    settings: set[tuple[int, str]] = field(default_factory=set)
    modes: set[int] = field(default_factory=set)
    algos: dict[int, AlgoOrder] = field(default_factory=dict)
    incomes: list[Income] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def note_algo(
        self, algo: AlgoOrder, at_ms: int, *, reason: str = "", sent: Order | None = None
    ) -> None:
        """Note a step of a conditional order, frozen as it is now."""
        algo.updated_ms = at_ms
        self.algos[algo.algo_id] = algo
        self.events.append(AlgoEvent(algo.account_id, copy(algo), at_ms, reason, copy(sent)))

    def merge(self, other: ContractEffects) -> None:
        """Append what `other` changed after this."""
        self.wallets |= other.wallets
        self.positions |= other.positions
        self.settings |= other.settings
        self.modes |= other.modes
        self.algos.update(other.algos)
        self.incomes.extend(other.incomes)
        self.events.extend(other.events)

    def __bool__(self) -> bool:
        return bool(
            self.wallets
            or self.positions
            or self.settings
            or self.modes
            or self.algos
            or self.events
        )
