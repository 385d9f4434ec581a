"""What the exchange holds for traders of perpetuals: wallets, positions, settings, marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.simulator.domain.perpetual.contracts import (
    EIGHT,
    FEE_MAKER,
    FEE_TAKER,
    LEVERAGE_DEFAULT,
)

ALGO_WAITING: Final = "NEW"
ALGO_TRIGGERED: Final = "TRIGGERED"
ALGO_FINISHED: Final = "FINISHED"
TRAILING: Final = "TRAILING_STOP_MARKET"
PositionKey = tuple[int, str, str]


@dataclass(slots=True)
class Wallet:
    """The futures wallet of one asset, in its units; what it holds is always the sum of its flows."""

    account_id: int
    asset: str
    deposited: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        """Deposits + realised profit - fees + funding."""
        return self.deposited + self.realised - self.fees + self.funding


@dataclass(slots=True)
class Position:
    """A holding: `amount` base units, negative when short; `cost` what it was entered for, same sign.

    `isolated` is the part of the wallet set aside for it; `realised` all it ever realised.
    """

    account_id: int
    symbol: str
    side: str
    amount: Decimal = ZERO
    cost: Decimal = ZERO
    isolated: Decimal = ZERO
    realised: Decimal = ZERO
    updated_ms: int = 0

    @property
    def key(self) -> PositionKey:
        """Account, symbol and side."""
        return self.account_id, self.symbol, self.side

    @property
    def entry(self) -> Decimal:
        """Average entry price in quote units, zero when flat; shown with eight places."""
        return (self.cost / self.amount).quantize(EIGHT) if self.amount else ZERO

    def unrealised(self, mark: Decimal) -> Decimal:
        """Profit at `mark`, quote units."""
        return self.amount * mark - self.cost

    def closable_by(self, side: str) -> Decimal:
        """Base units an order of `side` could close."""
        return max(self.amount if side == "SELL" else -self.amount, ZERO)

    def trade(self, signed: Decimal, price: Decimal) -> Decimal:
        """Add `signed` base units at `price` and return the profit this realises.

        The part that closes leaves at the average entry; what exceeds the holding opens the
        other side.
        """
        closing = min(self.closable_by("BUY" if signed > ZERO else "SELL"), abs(signed))
        realised = ZERO
        if closing > ZERO:
            sign = 1 if self.amount > ZERO else -1
            whole = closing == abs(self.amount)
            share = self.cost if whole else self.cost * closing / abs(self.amount)
            basis = share.quantize(EIGHT, rounding=ROUND_HALF_EVEN)
            realised = sign * closing * price - basis
            self.amount -= sign * closing
            self.cost -= basis
            signed += sign * closing
        self.amount += signed
        self.cost += signed * price
        self.realised += realised
        return realised


@dataclass(slots=True)
class Setting:
    """An account's terms for one contract."""

    leverage: int = LEVERAGE_DEFAULT
    is_isolated: bool = False


@dataclass(slots=True)
class Mode:
    """An account's terms for all contracts: hedge mode, fee rates (fractions)."""

    is_hedged: bool = False
    maker: Decimal = FEE_MAKER
    taker: Decimal = FEE_TAKER


@dataclass(frozen=True, slots=True)
class Mark:
    """What positions are valued at (quote units), and the funding that comes next."""

    price: Decimal
    index: Decimal
    rate: Decimal
    next_ms: int


@dataclass(slots=True)
class AlgoOrder:
    """A conditional order; triggered, it sends an order of its own, with a second id.

    `callback` is in percent, `extreme` the best price a trailing stop has seen since it is
    active, zero before.
    """

    algo_id: int
    account_id: int
    symbol: str
    client_algo_id: str
    side: str
    position_side: str
    type: str
    time_in_force: str
    amount: Decimal
    price: Decimal
    trigger_price: Decimal
    working_type: str
    reduce_only: bool
    close_position: bool
    activation_price: Decimal
    callback: Decimal
    good_till_ms: int
    created_ms: int
    updated_ms: int
    extreme: Decimal = ZERO
    triggered_ms: int = 0
    order_id: int = 0
    status: str = ALGO_WAITING

    @property
    def triggers_on_rise(self) -> bool:
        """Whether a rising price triggers it: stop buys and take-profit sells."""
        is_stop = self.type.startswith(("STOP", "TRAILING"))
        return is_stop == (self.side == "BUY")

    @property
    def stop(self) -> Decimal:
        """The price that triggers it now; of a trailing stop zero while it is not active."""
        if self.type != TRAILING:
            return self.trigger_price
        away = self.callback / 100
        return self.extreme * (1 + away if self.side == "BUY" else 1 - away)


@dataclass(slots=True)
class ContractBooks:
    """The part of the ledger that only perpetuals need."""

    wallets: dict[tuple[int, str], Wallet] = field(default_factory=dict)
    positions: dict[PositionKey, Position] = field(default_factory=dict)
    settings: dict[tuple[int, str], Setting] = field(default_factory=dict)
    modes: dict[int, Mode] = field(default_factory=dict)
    algos: dict[str, dict[int, AlgoOrder]] = field(default_factory=dict)
    sent: dict[int, AlgoOrder] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    last_income_id: int = 0

    def wallet(self, account_id: int, asset: str) -> Wallet:
        """Return the wallet, opening an empty one where there is none."""
        key = (account_id, asset)
        return self.wallets.setdefault(key, Wallet(*key))

    def position(self, account_id: int, symbol: str, side: str) -> Position:
        """Return the position, a flat one where there is none."""
        key = (account_id, symbol, side)
        return self.positions.setdefault(key, Position(*key))

    def positions_of(self, account_id: int) -> list[Position]:
        """Return the account's positions that are not flat, by symbol and side."""
        found = [p for p in self.positions.values() if p.account_id == account_id and p.amount]
        return sorted(found, key=lambda position: position.key)

    def setting(self, account_id: int, symbol: str) -> Setting:
        """Return the account's terms for a contract."""
        return self.settings.setdefault((account_id, symbol), Setting())

    def mode(self, account_id: int) -> Mode:
        """Return the account's terms for all contracts."""
        return self.modes.get(account_id) or Mode()

    def algo_book(self, symbol: str) -> dict[int, AlgoOrder]:
        """Return the waiting conditional orders of a contract by id, oldest first."""
        return self.algos.setdefault(symbol, {})

    def algos_of(self, account_id: int, symbol: str | None = None) -> list[AlgoOrder]:
        """Return the account's waiting conditional orders, of one contract or of all."""
        books = [self.algo_book(symbol)] if symbol else list(self.algos.values())
        return [algo for book in books for algo in book.values() if algo.account_id == account_id]

    def next_income_id(self) -> int:
        """Return a number no flow of money had before."""
        self.last_income_id += 1
        return self.last_income_id
