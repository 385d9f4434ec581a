"""Between the engine's objects and the columns of the exchange's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from apps.simulator.domain.accounts import Account, Balance, FeeSchedule
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Effects, Order, OrderList, Trade
from apps.simulator.gateways.contract_rows import ContractBatch

ORDER_COLUMNS: Final = (
    "order_id", "account_id", "symbol", "client_order_id", "side", "type", "time_in_force",
    "amount", "price", "stop_price", "cost_asked", "reduce_only", "created_ms", "updated_ms",
    "working_ms", "filled", "cost", "locked", "status", "order_list_id", "trailing_delta",
    "trailing_ms", "trailing_best", "amends", "position_side", "good_till_ms", "orig_type",
)  # fmt: skip
TRADE_COLUMNS: Final = (
    "trade_id", "order_id", "account_id", "symbol", "side", "price", "amount", "cost", "fee",
    "fee_asset", "is_maker", "at_ms", "position_side", "realised",
)  # fmt: skip
INSTRUMENT_COLUMNS: Final = (
    "symbol", "base", "quote", "kind", "tick", "step", "cost_min", "amount_max", "volume_share",
    "half_spread", "impact",
)  # fmt: skip
LIST_COLUMNS: Final = (
    "order_list_id", "account_id", "symbol", "client_list_id", "contingency", "status", "created_ms",
)  # fmt: skip
Row = tuple[Any, ...]
EIGHT: Final = Decimal("1e-8")


@dataclass(slots=True)
class Batch:
    """Rows of one or more commands, to be stored in one transaction."""

    orders: dict[int, Row] = field(default_factory=dict)
    lists: dict[int, Row] = field(default_factory=dict)
    trades: list[Row] = field(default_factory=list)
    balances: dict[tuple[int, str], Row] = field(default_factory=dict)
    accounts: list[Row] = field(default_factory=list)
    instruments: list[Row] = field(default_factory=list)
    market: Row | None = None
    clock_ms: int | None = None
    blocks: list[Row] = field(default_factory=list)
    contracts: ContractBatch = field(default_factory=ContractBatch)

    def add(self, ledger: Ledger, effects: Effects) -> None:
        """Add what a command changed, as it stands now."""
        for order in effects.orders.values():
            self.orders[order.order_id] = values_of(order, ORDER_COLUMNS)
        for found in effects.lists.values():
            self.lists[found.order_list_id] = values_of(found, LIST_COLUMNS)
        self.trades.extend(values_of(trade, TRADE_COLUMNS) for trade in effects.trades)
        for account_id, asset in effects.balances:
            held = ledger.accounts[account_id].balance(asset)
            self.balances[account_id, asset] = (account_id, asset, held.free, held.locked)
        self.contracts.add(ledger, effects.contracts)


def values_of(item: object, columns: Iterable[str]) -> Row:
    """Return the named attributes of `item` as a row."""
    return tuple(getattr(item, name) for name in columns)


def exact_eight(value: Decimal) -> Decimal:
    """Return a stored number without the zeros its column pads it with: all here have eight places."""
    return value.quantize(EIGHT)


def account_row(account: Account) -> Row:
    """Return the row of an account."""
    fees = account.fees
    return (
        account.account_id, account.name, account.api_key, account.secret,
        fees.maker, fees.taker, fees.mode, fees.asset,
    )  # fmt: skip


def account_of(row: Mapping[str, Any]) -> Account:
    """Return the account of a row, without its balances."""
    fees = FeeSchedule(row["fee_maker"], row["fee_taker"], row["fee_mode"], row["fee_asset"])
    return Account(row["id"], row["name"], row["api_key"], row["secret"], fees)


def balance_of(row: Mapping[str, Any]) -> Balance:
    """Return the balance of a row."""
    return Balance(exact_eight(row["free"]), exact_eight(row["locked"]))


def order_of(row: Mapping[str, Any]) -> Order:
    """Return the order of a row."""
    return Order(**_cleaned(row, ORDER_COLUMNS))


def list_of(row: Mapping[str, Any], legs: Iterable[tuple[int, str]]) -> OrderList:
    """Return the order list of a row with its legs."""
    return OrderList(**{name: row[name] for name in LIST_COLUMNS}, legs=tuple(legs))


def trade_of(row: Mapping[str, Any]) -> Trade:
    """Return the trade of a row."""
    return Trade(**_cleaned(row, TRADE_COLUMNS))


def instrument_of(row: Mapping[str, Any]) -> Instrument:
    """Return the instrument of a row."""
    return Instrument(**_cleaned(row, INSTRUMENT_COLUMNS))


def _cleaned(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    values = ((name, row[name]) for name in columns)
    return {n: exact_eight(v) if isinstance(v, Decimal) else v for n, v in values}
