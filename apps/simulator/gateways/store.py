"""The exchange's tables by plain SQL: everything is read at start, every batch is one commit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from apps.core.errors import Conflict
from apps.simulator.domain.accounts import Account
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.orders import Order, OrderList, Trade
from apps.simulator.gateways.contract_store import load_contracts
from apps.simulator.gateways.rows import (
    INSTRUMENT_COLUMNS,
    LIST_COLUMNS,
    ORDER_COLUMNS,
    TRADE_COLUMNS,
    Batch,
    account_of,
    balance_of,
    instrument_of,
    list_of,
    order_of,
    trade_of,
)

_LOCK: Final = 7_301_001
_UPDATED: Final = (
    "updated_ms", "working_ms", "filled", "cost", "locked", "status", "amount", "client_order_id", "price",
    "trailing_ms", "trailing_best", "amends",
)  # fmt: skip
_ORDERS: Final = (
    f"INSERT INTO simulator_order ({', '.join(ORDER_COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(['%s'] * len(ORDER_COLUMNS))}) ON CONFLICT (order_id) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _UPDATED)
)
_LISTS: Final = (
    f"INSERT INTO simulator_orderlist ({', '.join(LIST_COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(['%s'] * len(LIST_COLUMNS))}) "
    "ON CONFLICT (order_list_id) DO UPDATE SET status = EXCLUDED.status"
)
_TRADES: Final = (
    f"INSERT INTO simulator_trade ({', '.join(TRADE_COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join(['%s'] * len(TRADE_COLUMNS))})"
)
_INSTRUMENTS: Final = (
    f"INSERT INTO simulator_instrument ({', '.join(INSTRUMENT_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(INSTRUMENT_COLUMNS))}) ON CONFLICT (symbol) DO NOTHING"
)
_BALANCES: Final = (
    "INSERT INTO simulator_balance (account_id, asset, free, locked) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (account_id, asset) DO UPDATE SET free = EXCLUDED.free, locked = EXCLUDED.locked"
)
_ACCOUNTS: Final = (
    "INSERT INTO simulator_account (id, name, api_key, secret, fee_maker, fee_taker, fee_mode, "
    "fee_asset) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_MARKET: Final = (
    "INSERT INTO simulator_market (id, kind, spec, clock_ms) VALUES (1, %s, %s, %s) "
    "ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, spec = EXCLUDED.spec, "
    "clock_ms = EXCLUDED.clock_ms"
)
_BLOCK: Final = (
    "INSERT INTO simulator_block (number, state, candles) VALUES (%s, %s, %s) "
    "ON CONFLICT (number) DO NOTHING"
)

_SELECT_ACCOUNTS: Final = "SELECT * FROM simulator_account WHERE "
_SELECT_ORDERS: Final = "SELECT * FROM simulator_order WHERE "
_SELECT_LISTS: Final = "SELECT * FROM simulator_orderlist WHERE "
_SELECT_LEGS: Final = (
    "SELECT order_list_id, order_id, client_order_id FROM simulator_order "
    "WHERE order_list_id = ANY(%s) ORDER BY order_id"
)
_SELECT_TRADES: Final = "SELECT * FROM simulator_trade WHERE "


class Store:
    """One connection that writes, a few that read."""

    def __init__(self, writer: AsyncConnection[DictRow], readers: AsyncConnectionPool[Any]) -> None:
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(cls, dsn: str) -> Store:
        """Connect and take the exchange's lock.

        :raises Conflict: `SIMULATOR_RUNS` when another process serves this database.
        """
        writer = await AsyncConnection.connect(dsn, autocommit=True, row_factory=dict_row)
        for _ in range(50):
            cursor = await writer.execute("SELECT pg_try_advisory_lock(%s) AS mine", (_LOCK,))
            row = await cursor.fetchone()
            if row and row["mine"]:
                break
            await asyncio.sleep(0.1)
        else:
            await writer.close()
            raise Conflict("SIMULATOR_RUNS", message="Another process serves this exchange.")
        readers: AsyncConnectionPool[Any] = AsyncConnectionPool(
            dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True, "row_factory": dict_row}
        )  # fmt: skip
        await readers.open()
        return cls(writer, readers)

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.close()
        await self._writer.close()

    async def load(self) -> Ledger:
        """Return the books as they were last committed."""
        ledger = Ledger()
        for row in await self.read("SELECT * FROM simulator_instrument ORDER BY symbol"):
            ledger.instruments[row["symbol"]] = instrument_of(row)
        for row in await self.read("SELECT * FROM simulator_account ORDER BY id"):
            ledger.accounts[row["id"]] = account_of(row)
        for row in await self.read("SELECT * FROM simulator_balance"):
            ledger.accounts[row["account_id"]].balances[row["asset"]] = balance_of(row)
        statement: LiteralString = (
            "SELECT * FROM simulator_order WHERE status IN ('NEW', 'PARTIALLY_FILLED') "
            "ORDER BY order_id"
        )
        for row in await self.read(statement):
            ledger.add(order_of(row))
        for found in await self.lists("status = 'EXECUTING' ORDER BY order_list_id", ()):
            ledger.lists[found.order_list_id] = found
        for row in await self.read("SELECT max(order_list_id) AS last FROM simulator_orderlist"):
            ledger.last_list_id = row["last"] or 0
        for row in await self.read("SELECT max(order_id) AS last FROM simulator_order"):
            ledger.last_order_id = row["last"] or 0
        statement = "SELECT symbol, max(trade_id) AS last FROM simulator_trade GROUP BY symbol"
        for row in await self.read(statement):
            ledger.last_trade_id[row["symbol"]] = row["last"]
        await load_contracts(self, ledger)
        return ledger

    async def account(self, where: LiteralString, value: str) -> Account | None:
        """Return the stored account that fulfils `where`, with its balances."""
        rows = await self.read(_SELECT_ACCOUNTS + where, (value,))
        if not rows:
            return None
        account = account_of(rows[0])
        statement: LiteralString = "SELECT * FROM simulator_balance WHERE account_id = %s"
        for row in await self.read(statement, (account.account_id,)):
            account.balances[row["asset"]] = balance_of(row)
        return account

    async def next_account_id(self) -> int:
        """Return a number no account has, also none that others insert."""
        sequence: LiteralString = "pg_get_serial_sequence('simulator_account', 'id')"
        rows = await self.read("SELECT nextval(" + sequence + ") AS id")
        return int(rows[0]["id"])

    async def write(self, batch: Batch) -> None:
        """Store a batch in one transaction; it is durable when this returns."""
        async with (
            self._writer.pipeline(),
            self._writer.transaction(),
            self._writer.cursor() as cursor,
        ):
            for statement, rows in (
                (_INSTRUMENTS, batch.instruments),
                (_ACCOUNTS, batch.accounts),
                (_LISTS, list(batch.lists.values())),
                (_ORDERS, list(batch.orders.values())),
                (_TRADES, batch.trades),
                (_BALANCES, list(batch.balances.values())),
                (_BLOCK, batch.blocks),
                *batch.contracts.statements(),
            ):
                if rows:
                    await cursor.executemany(statement, rows)
            if batch.market is not None:
                await cursor.execute(_MARKET, batch.market)
            if batch.clock_ms is not None:
                await cursor.execute(
                    "UPDATE simulator_market SET clock_ms = %s WHERE id = 1", (batch.clock_ms,)
                )

    async def market(self) -> tuple[str, dict[str, Any], int] | None:
        """Return (kind, spec, clock in epoch ms) of the market, if one was set up."""
        rows = await self.read("SELECT kind, spec, clock_ms FROM simulator_market")
        if not rows:
            return None
        spec = rows[0]["spec"]
        return (
            rows[0]["kind"],
            json.loads(spec) if isinstance(spec, str) else spec,
            rows[0]["clock_ms"],
        )

    async def blocks(self, since: int) -> list[DictRow]:
        """Return the generated hours from number `since` on, oldest first."""
        statement: LiteralString = (
            "SELECT number, state, candles FROM simulator_block WHERE number >= %s ORDER BY number"
        )
        return await self.read(statement, (since,))

    async def orders(self, where: LiteralString, values: Sequence[Any]) -> list[Order]:
        """Return stored orders that fulfil `where` (condition, order and limit)."""
        return [order_of(row) for row in await self.read(_SELECT_ORDERS + where, values)]

    async def lists(self, where: LiteralString, values: Sequence[Any]) -> list[OrderList]:
        """Return stored order lists that fulfil `where` (condition, order and limit)."""
        rows = await self.read(_SELECT_LISTS + where, values)
        legs: dict[int, list[tuple[int, str]]] = {row["order_list_id"]: [] for row in rows}
        for leg in await self.read(_SELECT_LEGS, (list(legs),)) if legs else ():
            legs[leg["order_list_id"]].append((leg["order_id"], leg["client_order_id"]))
        return [list_of(row, legs[row["order_list_id"]]) for row in rows]

    async def trades(self, where: LiteralString, values: Sequence[Any]) -> list[Trade]:
        """Return stored trades that fulfil `where` (condition, order and limit)."""
        return [trade_of(row) for row in await self.read(_SELECT_TRADES + where, values)]

    async def read(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[DictRow]:
        """Return the rows of a query."""
        async with self._readers.connection() as connection:
            cursor = await connection.execute(statement, values)
            rows: list[DictRow] = await cursor.fetchall()
            return rows
