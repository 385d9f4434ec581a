"""The exchange's books in memory: who holds what, which orders are open, the next numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.liquidity import Liquidity
from apps.simulator.domain.orders import Effects, Order, OrderList, Report, Trade
from apps.simulator.domain.perpetual.books import ContractBooks
from apps.simulator.domain.refusals import MARKET_CLOSED, invalid_symbol, rejected

ClientKey = tuple[int, str, str]


@dataclass(slots=True)
class Ledger:
    """Everything the engine needs to know; closed orders live in the store only."""

    instruments: dict[str, Instrument] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    open_orders: dict[str, dict[int, Order]] = field(default_factory=dict)
    client_ids: dict[ClientKey, int] = field(default_factory=dict)
    liquidity: dict[str, Liquidity] = field(default_factory=dict)
    last_order_id: int = 0
    last_trade_id: dict[str, int] = field(default_factory=dict)
    lists: dict[int, OrderList] = field(default_factory=dict)
    last_list_id: int = 0
    closed: set[str] = field(default_factory=set)
    contracts: ContractBooks = field(default_factory=ContractBooks)

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument.

        :raises Refusal: -1121 when it is not listed.
        """
        found = self.instruments.get(symbol)
        if found is None:
            raise invalid_symbol()
        return found

    def market(self, symbol: str) -> Liquidity:
        """Return the liquidity of a listed symbol.

        :raises Refusal: -2010 when the symbol has no price yet or stopped trading.
        """
        found = self.liquidity.get(symbol)
        if found is None or symbol in self.closed:
            raise rejected(MARKET_CLOSED)
        return found

    def book(self, symbol: str) -> dict[int, Order]:
        """Return the open orders of a symbol by order id, oldest first."""
        return self.open_orders.setdefault(symbol, {})

    def orders_of(self, account_id: int, symbol: str | None = None) -> list[Order]:
        """Return the account's open orders, of one symbol or of all."""
        books = [self.book(symbol)] if symbol else list(self.open_orders.values())
        return [
            order for book in books for order in book.values() if order.account_id == account_id
        ]

    def find(self, account_id: int, symbol: str, *, order_id: int, client_id: str) -> Order | None:
        """Return the account's open order by either id; both must fit when both are given."""
        if not order_id:
            order_id = self.client_ids.get((account_id, symbol, client_id), 0)
        order = self.book(symbol).get(order_id)
        if order is None or order.account_id != account_id:
            return None
        return order if not client_id or order.client_order_id == client_id else None

    def add(self, order: Order) -> None:
        """Enter an open order."""
        self.book(order.symbol)[order.order_id] = order
        key = (order.account_id, order.symbol, order.client_order_id)
        self.client_ids[key] = order.order_id
        self.last_order_id = max(self.last_order_id, order.order_id)

    def drop(self, order: Order) -> None:
        """Take an order that has ended out of the book."""
        self.book(order.symbol).pop(order.order_id, None)
        self.client_ids.pop((order.account_id, order.symbol, order.client_order_id), None)

    def next_order_id(self) -> int:
        """Return a number no order had before."""
        self.last_order_id += 1
        return self.last_order_id

    def next_trade_id(self, symbol: str) -> int:
        """Return a number no trade of the symbol had before."""
        self.last_trade_id[symbol] = self.last_trade_id.get(symbol, 0) + 1
        return self.last_trade_id[symbol]

    def snapshot(
        self, account: Account, assets: tuple[str, ...]
    ) -> tuple[tuple[str, Decimal, Decimal], ...]:
        """Return (asset, free, locked) of the named assets as they are now."""
        found = [(asset, account.balance(asset)) for asset in dict.fromkeys(assets) if asset]
        return tuple((asset, balance.free, balance.locked) for asset, balance in found)

    def tell(self, effects: Effects, order: Order, report: Report) -> None:
        """Note a step of `order` in `effects` together with the balances it may have moved."""
        instrument, account = self.instruments[order.symbol], self.accounts[order.account_id]
        assets = (instrument.base, instrument.quote, report.trade.fee_asset if report.trade else "")
        effects.orders[order.order_id] = order
        effects.balances |= {(account.account_id, asset) for asset in assets if asset}
        effects.report(
            Report(
                execution=report.execution,
                order=order,
                at_ms=report.at_ms,
                trade=report.trade,
                cancel_id=report.cancel_id,
                balances=self.snapshot(account, assets),
            )
        )


@dataclass(frozen=True, slots=True)
class Fill:
    """One planned execution; `maker` is the resting order on its other side, if it is an order."""

    price: Decimal
    amount: Decimal
    maker: Order | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a new order."""

    order: Order
    trades: tuple[Trade, ...]
    effects: Effects
