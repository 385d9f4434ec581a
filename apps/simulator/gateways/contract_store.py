"""Reading the tables of perpetuals: the books at start, the history when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString, Protocol

from psycopg.rows import DictRow

from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.perpetual.books import AlgoOrder
from apps.simulator.domain.perpetual.effects import Income
from apps.simulator.gateways.contract_rows import (
    algo_of,
    income_of,
    mode_of,
    position_of,
    setting_of,
    wallet_of,
)

_SELECT_ALGOS: Final = "SELECT * FROM simulator_algoorder WHERE "
_SELECT_INCOMES: Final = "SELECT * FROM simulator_income WHERE "


class Reader(Protocol):
    """What reads rows."""

    async def read(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[DictRow]:
        """Return the rows of a query."""


async def load_contracts(store: Reader, ledger: Ledger) -> None:
    """Put the books of perpetuals into the ledger as they were last committed."""
    books = ledger.contracts
    for row in await store.read("SELECT * FROM simulator_wallet"):
        books.wallets[row["account_id"], row["asset"]] = wallet_of(row)
    for row in await store.read("SELECT * FROM simulator_position ORDER BY id"):
        position = position_of(row)
        books.positions[position.key] = position
    for row in await store.read("SELECT * FROM simulator_contractsetting"):
        books.settings[row["account_id"], row["symbol"]] = setting_of(row)
    for row in await store.read("SELECT * FROM simulator_contractmode"):
        books.modes[row["account_id"]] = mode_of(row)
    for algo in await algo_orders(store, "status IN ('NEW', 'TRIGGERED') ORDER BY algo_id", ()):
        if algo.order_id:
            books.sent[algo.order_id] = algo
        else:
            books.algo_book(algo.symbol)[algo.algo_id] = algo
    statement: LiteralString = "SELECT max(income_id) AS last FROM simulator_income"
    books.last_income_id = (await store.read(statement))[0]["last"] or 0
    statement = "SELECT max(algo_id) AS last FROM simulator_algoorder"
    last = (await store.read(statement))[0]["last"] or 0
    ledger.last_order_id = max(ledger.last_order_id, last)


async def algo_orders(
    store: Reader, where: LiteralString, values: Sequence[Any]
) -> list[AlgoOrder]:
    """Return stored conditional orders that fulfil `where` (condition, order and limit)."""
    return [algo_of(row) for row in await store.read(_SELECT_ALGOS + where, values)]


async def incomes(store: Reader, where: LiteralString, values: Sequence[Any]) -> list[Income]:
    """Return stored flows that fulfil `where` (condition, order and limit)."""
    return [income_of(row) for row in await store.read(_SELECT_INCOMES + where, values)]
