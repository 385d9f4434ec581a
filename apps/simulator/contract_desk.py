"""Commands on perpetuals at the running exchange; each is durable when it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from apps.simulator.domain.accounts import Account
from apps.simulator.domain.ledger import Ledger, Placed
from apps.simulator.domain.orders import Effects, Order, OrderRequest, Trade
from apps.simulator.domain.perpetual import engine, terms
from apps.simulator.domain.perpetual.algos import cancel_algo, place_algo
from apps.simulator.domain.perpetual.books import AlgoOrder, Mode, Position
from apps.simulator.domain.perpetual.effects import Event, OrderEvent
from apps.simulator.domain.perpetual.liquidation import force_close
from apps.simulator.domain.perpetual.marks import MarkSource

if TYPE_CHECKING:
    from apps.simulator.exchange import Exchange


class ContractAudience(Protocol):
    """Who is told what happened to perpetuals, after it is durable."""

    def on_contract_events(self, events: Sequence[Event]) -> None:
        """Hear of steps of orders, accounts and settings, in their order."""


@dataclass(frozen=True, slots=True)
class FuturesTerms:
    """What the futures side of a new account starts with; rates as fractions."""

    balances: dict[str, Decimal]
    is_hedged: bool
    maker: Decimal
    taker: Decimal


class ContractDesk:
    """Everything about perpetuals that the exchange does when it is asked."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.audience: ContractAudience | None = None
        self.sources: dict[str, MarkSource] = {}

    @property
    def _ledger(self) -> Ledger:
        return self._exchange.ledger

    def source(self, symbol: str) -> MarkSource:
        """Return where the marks of a contract come from."""
        return self.sources.setdefault(symbol, MarkSource(symbol))

    def tell(self, effects: Effects) -> None:
        """Hand the events of a command to the streams."""
        if self.audience is not None and effects.contracts.events:
            self.audience.on_contract_events(effects.contracts.events)

    async def credit(self, account: Account, *, asset: str, amount: Decimal) -> None:
        """Add to (or take from) the futures wallet."""
        await self._exchange.commit(
            engine.transfer(
                self._ledger, account, asset=asset, amount=amount, now_ms=self._exchange.now_ms()
            )
        )

    def knows(self, account: Account) -> bool:
        """Return whether the account has a futures side."""
        return account.account_id in self._ledger.contracts.modes

    async def admit(self, account: Account, wanted: FuturesTerms) -> None:
        """Open the futures side of an account: wallets, position mode, rates."""
        effects, mode = Effects(), Mode()
        self._ledger.contracts.modes[account.account_id] = mode
        mode.is_hedged, mode.maker, mode.taker = wanted.is_hedged, wanted.maker, wanted.taker
        effects.contracts.modes.add(account.account_id)
        now_ms = self._exchange.now_ms()
        for asset, amount in wanted.balances.items():
            effects.merge(
                engine.transfer(self._ledger, account, asset=asset, amount=amount, now_ms=now_ms)
            )
        await self._exchange.commit(effects)

    async def place(self, account: Account, request: OrderRequest) -> Placed:
        """Place an order; its answer shows the order as it was right after."""
        placed = engine.place(self._ledger, account, request, now_ms=self._exchange.now_ms())
        shown = _last(placed.effects, placed.order)
        await self._exchange.commit(placed.effects)
        return Placed(shown, placed.trades, placed.effects)

    async def cancel(self, account: Account, order: Order | None) -> Order:
        """Cancel an open order."""
        effects = engine.cancel(self._ledger, account, order, now_ms=self._exchange.now_ms())
        shown = _last(effects, order)
        await self._exchange.commit(effects)
        return shown

    async def amend(
        self, order: Order | None, *, amount: Decimal, price: Decimal
    ) -> tuple[Order, list[Trade]]:
        """Change amount and price of an open limit order."""
        now_ms = self._exchange.now_ms()
        effects, trades = engine.amend(
            self._ledger, order, amount=amount, price=price, now_ms=now_ms
        )
        shown = _last(effects, order)
        await self._exchange.commit(effects)
        return shown, trades

    async def place_algo(self, algo: AlgoOrder) -> AlgoOrder:
        """Place a conditional order."""
        placed = place_algo(self._ledger, algo, now_ms=self._exchange.now_ms())
        await self._exchange.commit(placed.effects)
        return placed.algo

    async def cancel_algo(self, algo: AlgoOrder | None) -> AlgoOrder:
        """Cancel a waiting conditional order."""
        effects = cancel_algo(self._ledger, algo, now_ms=self._exchange.now_ms())
        await self._exchange.commit(effects)
        return next(iter(effects.contracts.algos.values()))

    async def set_leverage(self, account: Account, symbol: str, leverage: int) -> None:
        """Choose the leverage of a contract."""
        now_ms = self._exchange.now_ms()
        effects = terms.set_leverage(
            self._ledger, account.account_id, symbol, leverage=leverage, now_ms=now_ms
        )
        await self._exchange.commit(effects)

    async def set_margin_type(self, account: Account, symbol: str, *, is_isolated: bool) -> None:
        """Choose cross or isolated margin of a contract."""
        effects = terms.set_margin_type(
            self._ledger, account.account_id, symbol, is_isolated=is_isolated
        )
        await self._exchange.commit(effects)

    async def set_position_mode(self, account: Account, *, is_hedged: bool) -> None:
        """Choose one-way or hedge mode."""
        effects = terms.set_position_mode(self._ledger, account.account_id, is_hedged=is_hedged)
        await self._exchange.commit(effects)

    async def move_margin(self, position: Position, *, amount: Decimal, adds: bool) -> None:
        """Move margin into or out of an isolated position."""
        now_ms = self._exchange.now_ms()
        effects = terms.move_margin(self._ledger, position, amount=amount, adds=adds, now_ms=now_ms)
        await self._exchange.commit(effects)

    async def force_close(
        self, account: Account, *, symbol: str = "", deleverages: bool = False
    ) -> list[str]:
        """Liquidate or deleverage positions of an account at mark, as a fault knob asks.

        All of them, or those of one contract by its inner or /fapi name; returns which.
        """
        effects, closed = Effects(), []
        for position in self._ledger.contracts.positions_of(account.account_id):
            instrument = self._ledger.instruments[position.symbol]
            named = {"", instrument.symbol, instrument.pair, instrument.base + instrument.quote}
            if symbol in named | {f"{instrument.base}/{instrument.quote}"}:
                closed.append(f"{instrument.pair} {position.side}")
                now_ms = self._exchange.now_ms()
                effects.merge(
                    force_close(self._ledger, position, now_ms=now_ms, deleverages=deleverages)
                )
        await self._exchange.commit(effects)
        return closed


def _last(effects: Effects, order: Order | None) -> Order:
    """Return the order as its last event shows it: the live one may move on before the answer."""
    if order is None:
        raise RuntimeError("A command on no order was not refused.")
    steps = [event for event in effects.contracts.events if isinstance(event, OrderEvent)]
    return next(e.order for e in reversed(steps) if e.order.order_id == order.order_id)
