"""Between the books of perpetuals and their tables: rows, statements, and reading them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.perpetual.books import AlgoOrder, Mode, Position, Setting, Wallet
from apps.simulator.domain.perpetual.effects import ContractEffects, Income

Row = tuple[Any, ...]
WALLET: Final = ("account_id", "asset", "deposited", "realised", "fees", "funding", "balance")
POSITION: Final = (
    "account_id", "symbol", "side", "amount", "cost", "isolated", "realised", "updated_ms",
)  # fmt: skip
SETTING: Final = ("account_id", "symbol", "leverage", "is_isolated")
MODE: Final = ("account_id", "is_hedged", "fee_maker", "fee_taker")
ALGO: Final = (
    "algo_id", "account_id", "symbol", "client_algo_id", "side", "position_side", "type",
    "time_in_force", "amount", "price", "trigger_price", "working_type", "reduce_only",
    "close_position", "activation_price", "callback", "good_till_ms", "created_ms", "updated_ms",
    "extreme", "triggered_ms", "order_id", "status",
)  # fmt: skip
INCOME: Final = (
    "income_id", "account_id", "symbol", "kind", "amount", "asset", "at_ms", "trade_id", "rate",
)  # fmt: skip
EIGHT: Final = Decimal("1e-8")


def _upsert(table: str, columns: tuple[str, ...], keys: int) -> str:
    """Return an INSERT that replaces the row of the same first `keys` columns."""
    kept = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns[keys:])
    return (
        f"INSERT INTO simulator_{table} ({', '.join(columns)}) "  # noqa: S608 - constants
        f"VALUES ({', '.join(['%s'] * len(columns))}) "
        f"ON CONFLICT ({', '.join(columns[:keys])}) DO UPDATE SET {kept}"
    )


_WALLETS: Final = _upsert("wallet", WALLET, 2)
_POSITIONS: Final = _upsert("position", POSITION, 3)
_SETTINGS: Final = _upsert("contractsetting", SETTING, 2)
_MODES: Final = _upsert("contractmode", MODE, 1)
_ALGOS: Final = _upsert("algoorder", ALGO, 1)
_INCOMES: Final = _upsert("income", INCOME, 1)


@dataclass(slots=True)
class ContractBatch:
    """Rows of perpetuals that one transaction stores."""

    wallets: dict[tuple[int, str], Row] = field(default_factory=dict)
    positions: dict[tuple[int, str, str], Row] = field(default_factory=dict)
    settings: dict[tuple[int, str], Row] = field(default_factory=dict)
    modes: dict[int, Row] = field(default_factory=dict)
    algos: dict[int, Row] = field(default_factory=dict)
    incomes: list[Row] = field(default_factory=list)

    def add(self, ledger: Ledger, effects: ContractEffects) -> None:
        """Add what a command changed, as it stands now."""
        books = ledger.contracts
        for key in effects.wallets:
            self.wallets[key] = _values(books.wallet(*key), WALLET)
        for position in effects.positions:
            self.positions[position] = _values(books.positions[position], POSITION)
        for named in effects.settings:
            setting = books.setting(*named)
            self.settings[named] = (*named, setting.leverage, setting.is_isolated)
        for account_id in effects.modes:
            mode = books.mode(account_id)
            self.modes[account_id] = (account_id, mode.is_hedged, mode.maker, mode.taker)
        for algo in effects.algos.values():
            self.algos[algo.algo_id] = _values(algo, ALGO)
        self.incomes.extend(_values(income, INCOME) for income in effects.incomes)

    def statements(self) -> tuple[tuple[str, list[Row]], ...]:
        """Return what is to be executed, with its rows."""
        return (
            (_WALLETS, list(self.wallets.values())),
            (_POSITIONS, list(self.positions.values())),
            (_SETTINGS, list(self.settings.values())),
            (_MODES, list(self.modes.values())),
            (_ALGOS, list(self.algos.values())),
            (_INCOMES, self.incomes),
        )


def wallet_of(row: Mapping[str, Any]) -> Wallet:
    """Return the wallet of a row."""
    return Wallet(*_cleaned(row, WALLET[:-1]).values())


def position_of(row: Mapping[str, Any]) -> Position:
    """Return the position of a row."""
    return Position(**_cleaned(row, POSITION))


def setting_of(row: Mapping[str, Any]) -> Setting:
    """Return the terms of a row."""
    return Setting(row["leverage"], row["is_isolated"])


def mode_of(row: Mapping[str, Any]) -> Mode:
    """Return the mode of a row."""
    found = _cleaned(row, MODE)
    return Mode(found["is_hedged"], found["fee_maker"], found["fee_taker"])


def algo_of(row: Mapping[str, Any]) -> AlgoOrder:
    """Return the conditional order of a row."""
    return AlgoOrder(**_cleaned(row, ALGO))


def income_of(row: Mapping[str, Any]) -> Income:
    """Return the flow of a row."""
    return Income(**_cleaned(row, INCOME))


def _values(item: object, columns: tuple[str, ...]) -> Row:
    return tuple(getattr(item, name) for name in columns)


def _cleaned(row: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    values = ((name, row[name]) for name in columns)
    return {n: v.quantize(EIGHT) if isinstance(v, Decimal) else v for n, v in values}
