"""The running exchange: engine, books and market in one place. One event loop, one writer."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from decimal import Decimal
from typing import Any, LiteralString, Protocol

from apps.core.clock import now, to_ms
from apps.core.errors import Conflict
from apps.simulator.contract_desk import ContractDesk
from apps.simulator.domain import engine
from apps.simulator.domain.accounts import Account, FeeSchedule
from apps.simulator.domain.candles import Series
from apps.simulator.domain.instruments import Instrument
from apps.simulator.domain.ledger import Ledger, Placed
from apps.simulator.domain.orders import Effects, Order, OrderList, OrderRequest, Report
from apps.simulator.domain.pairs import PairRequest, amend, place_pair
from apps.simulator.gateways.rows import INSTRUMENT_COLUMNS, account_row, values_of
from apps.simulator.gateways.store import Store
from apps.simulator.journal import Journal


class Audience(Protocol):
    """Who is told what happened, after it is durable."""

    def on_reports(self, reports: list[Report]) -> None:
        """Hear of steps of orders."""

    def on_deposit(self, account: Account, asset: str, amount: Decimal, at_ms: int) -> None:
        """Hear of a balance that changed without an order."""

    def on_candles(self, at_ms: int) -> None:
        """Hear that the market's clock moved to `at_ms`, where base candles closed."""

    def on_forming(self, at_ms: int) -> None:
        """Hear that the candles that are still forming may have changed."""

    def on_quotes(self, symbols: list[str], at_ms: int) -> None:
        """Hear that prices changed between candles."""


class Source(Protocol):
    """Where prices come from."""

    @property
    def series(self) -> dict[str, Series]:
        """Candles by symbol, in the base timeframe."""

    @property
    def timeframe(self) -> str:
        """The base timeframe."""

    def now_ms(self) -> int:
        """Market time, epoch ms."""

    def forming(self, symbol: str, /) -> tuple[float, float, float, float, float] | None:
        """Open, high, low, close, volume of the base candle that is not closed yet."""

    def state(self) -> dict[str, Any]:
        """What the control face shows of the market."""


class Exchange:
    """Accounts, orders and prices, and the commands that change them."""

    def __init__(self, store: Store, ledger: Ledger, trade_counts: dict[int, int]) -> None:
        self.store = store
        self.ledger = ledger
        self.journal = Journal(store, ledger)
        self.contracts = ContractDesk(self)
        self.audience: Audience | None = None
        self.source: Source | None = None
        self.skew_ms = 0
        self.trade_counts: Counter[int] = Counter(trade_counts)
        self.book_updates: Counter[str] = Counter()
        self._opening = asyncio.Lock()
        self._by_key = {account.api_key: account for account in ledger.accounts.values()}
        self._by_name = {account.name: account for account in ledger.accounts.values()}

    @classmethod
    async def open(cls, store: Store) -> Exchange:
        """Load the books."""
        rows = await store.read("SELECT account_id, count(*) AS n FROM simulator_trade GROUP BY 1")
        return cls(store, await store.load(), {row["account_id"]: row["n"] for row in rows})

    def now_ms(self) -> int:
        """Market time in epoch ms; real time while there is no market."""
        return self.source.now_ms() if self.source else to_ms(now())

    def clock_ms(self) -> int:
        """The exchange's own clock in epoch ms: real time, with the skew it is told to have."""
        return to_ms(now()) + self.skew_ms

    async def account_by_key(self, api_key: str) -> Account | None:
        """Return the account of an API key, also one that was put into the books meanwhile."""
        return self._by_key.get(api_key) or await self._adopt("api_key = %s", api_key)

    def account_by_known_key(self, api_key: str) -> str:
        """Return the name of the account of an API key, empty when memory has none."""
        found = self._by_key.get(api_key)
        return found.name if found else ""

    async def account_by_name(self, name: str) -> Account | None:
        """Return the account of a name, also one that was put into the books meanwhile."""
        return self._by_name.get(name) or await self._adopt("name = %s", name)

    async def create_account(
        self,
        name: str,
        *,
        balances: dict[str, Decimal],
        fees: FeeSchedule,
        credentials: tuple[str, str],
    ) -> Account:
        """Open an account, or return the one of that name unchanged.

        `credentials` are key and secret; empty ones are made up.

        :raises Conflict: `KEY_IN_USE` when another account has the key.
        """
        async with self._opening:
            found = await self.account_by_name(name)
            if found is not None:
                await self.journal.settled()
                return found
            key = credentials[0] or secrets.token_hex(32)
            if await self.account_by_key(key) is not None:
                raise Conflict("KEY_IN_USE", field="api_key")
            number = await self.store.next_account_id()
            account = Account(number, name, key, credentials[1] or secrets.token_hex(32), fees)
            self._admit(account)
        self.journal.batch.accounts.append(account_row(account))
        effects = Effects()
        for asset, amount in balances.items():
            effects.merge(engine.deposit(account, asset=asset, amount=amount))
        await self.journal.commit(effects)
        return account

    async def _adopt(self, where: LiteralString, value: str) -> Account | None:
        account = await self.store.account(where, value)
        if account is None or account.account_id in self.ledger.accounts:
            return account and self.ledger.accounts[account.account_id]
        self._admit(account)
        return account

    def _admit(self, account: Account) -> None:
        self.ledger.accounts[account.account_id] = account
        self._by_key[account.api_key] = self._by_name[account.name] = account

    async def deposit(self, account: Account, *, asset: str, amount: Decimal) -> None:
        """Add to (or take from) an account's free balance."""
        effects = engine.deposit(account, asset=asset, amount=amount)
        at_ms = self.now_ms()
        await self.journal.commit(
            effects, told=lambda: self._tell_deposit(account, asset, amount, at_ms)
        )

    async def list_instruments(self, instruments: list[Instrument]) -> None:
        """List instruments; one that is listed already keeps its rules."""
        for instrument in instruments:
            if self.ledger.instruments.setdefault(instrument.symbol, instrument) is instrument:
                self.journal.batch.instruments.append(values_of(instrument, INSTRUMENT_COLUMNS))
        await self.journal.commit()

    async def place(self, account: Account, request: OrderRequest) -> Placed:
        """Place an order; it is durable when this returns."""
        placed = engine.place(self.ledger, account, request, now_ms=self.now_ms())
        await self.commit(placed.effects)
        return placed

    async def cancel(self, account: Account, order: Order | None, *, cancel_id: str) -> Order:
        """Cancel an open order; it is durable when this returns."""
        effects = engine.cancel(
            self.ledger, account, order, cancel_id=cancel_id, now_ms=self.now_ms()
        )
        await self.commit(effects)
        told = {report.order.order_id: report.order for report in effects.reports}
        return told[order.order_id] if order else effects.reports[-1].order

    async def place_pair(self, account: Account, request: PairRequest) -> tuple[OrderList, Effects]:
        """Place an OCO; it is durable when this returns. The list is as it was when accepted."""
        listed, _, effects = place_pair(self.ledger, account, request, now_ms=self.now_ms())
        await self.commit(effects)
        return listed, effects

    async def amend(self, order: Order | None, *, amount: Decimal, client_id: str) -> Order:
        """Reduce an open order; it is durable when this returns."""
        effects = amend(
            self.ledger, order, amount=amount, client_id=client_id, now_ms=self.now_ms()
        )
        await self.commit(effects)
        return effects.reports[0].order

    async def commit(self, effects: Effects) -> None:
        """Store what the engine changed and tell the owners."""
        self.note(effects)
        await self.journal.commit(effects, told=lambda: self.tell_all(effects))

    def note(self, effects: Effects) -> None:
        """Count trades per account for the control face."""
        self.trade_counts.update(trade.account_id for trade in effects.trades)

    def tell_all(self, effects: Effects) -> None:
        """Hand what a command did to the streams of spot and of perpetuals."""
        self.tell(effects.reports)
        self.contracts.tell(effects)

    def tell(self, reports: list[Report]) -> None:
        """Hand reports to the streams."""
        if self.audience is not None and reports:
            self.audience.on_reports(reports)

    def _tell_deposit(self, account: Account, asset: str, amount: Decimal, at_ms: int) -> None:
        if self.audience is not None:
            self.audience.on_deposit(account, asset, amount, at_ms)
