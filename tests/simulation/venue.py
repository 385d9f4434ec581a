"""An exchange in this process: the simulator's own matching engine, its history, its user stream."""

from __future__ import annotations

from collections import deque
from copy import copy
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain import engine
from apps.simulator.domain.accounts import Account, Balance, FeeSchedule
from apps.simulator.domain.instruments import listed
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.orders import Order, OrderRequest, Report, Trade
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.sweep import apply_tick
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from tests.simulation.clock import VirtualClock

TYPES = {
    "market": "MARKET", "limit": "LIMIT", "stop_market": "STOP_LOSS",
    "stop_limit": "STOP_LOSS_LIMIT", "take_profit_market": "TAKE_PROFIT",
    "take_profit_limit": "TAKE_PROFIT_LIMIT",
}  # fmt: skip
OUR_TYPES = {theirs: ours for ours, theirs in TYPES.items()}
STATUSES = {
    "NEW": "open", "PARTIALLY_FILLED": "open", "FILLED": "closed", "CANCELED": "canceled",
    "EXPIRED": "expired", "REJECTED": "rejected",
}  # fmt: skip


class Exchange:
    """One account at one exchange. What it accepted it never forgets; `heard` is its stream."""

    def __init__(self, clock: VirtualClock, symbols: dict[str, str], **balances: str) -> None:
        self.clock = clock
        self.skew_ms = 0
        self.ledger = Ledger(instruments={listed(s).symbol: listed(s) for s in symbols})
        self.account = Account(1, "desk", "key", "secret", FeeSchedule())
        self.ledger.accounts[1] = self.account
        self.account.balances = {a: Balance(free=Decimal(n)) for a, n in balances.items()}
        self.history: dict[int, list[tuple[int, Order]]] = {}
        self.trades: list[Trade] = []
        self.heard: deque[OrderReport | FillReport] = deque()
        self.symbols = {listed(s).symbol: s for s in symbols}
        for symbol, price in symbols.items():
            self.tick(symbol, Decimal(price))

    def now_ms(self) -> int:
        return self.clock.ms + self.skew_ms

    def tick(self, symbol: str, price: Decimal, *, size: str = "3", levels: int = 4) -> None:
        """Move the price; each level of the book holds `size` base units."""
        name = symbol.replace("/", "")
        tick = self.ledger.instruments[name].tick
        bids = [(price - tick * (n + 1), Decimal(size)) for n in range(levels)]
        asks = [(price + tick * (n + 1), Decimal(size)) for n in range(levels)]
        book = LadderLiquidity(price, bids, asks)
        self._note(apply_tick(self.ledger, name, book, now_ms=self.now_ms()).reports)

    def place(self, ticket: OrderTicket) -> OrderReport:
        """:raises Refusal: as the exchange words it."""
        request = OrderRequest(
            symbol=ticket.symbol.replace("/", ""),
            side=ticket.side.upper(),
            type="LIMIT_MAKER" if ticket.post_only else TYPES[ticket.type],
            client_order_id=ticket.client_order_id,
            amount=ticket.amount,
            price=ticket.price or ZERO,
            stop_price=ticket.stop_price or ZERO,
            time_in_force=ticket.time_in_force,
        )
        placed = engine.place(self.ledger, self.account, request, now_ms=self.now_ms())
        self._note(placed.effects.reports)
        return self.report(placed.order, placed.trades)

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport | None:
        name = symbol.replace("/", "")
        order = self.ledger.find(1, name, order_id=0, client_id=client_order_id)
        try:
            effects = engine.cancel(
                self.ledger, self.account, order, cancel_id="c", now_ms=self.now_ms()
            )
        except Refusal:
            return None
        self._note(effects.reports)
        return self.report(effects.reports[-1].order)

    def _note(self, reports: list[Report]) -> None:
        for report in reports:
            order = copy(report.order)
            self.history.setdefault(order.order_id, []).append((self.clock.ms, order))
            self.heard.append(self.report(order))
            if report.trade is not None:
                self.trades.append(report.trade)
                self.heard.append(self.fill_report(report.trade, order.client_order_id))

    # what it shows, as it stood at `at_ms` of real time

    def orders(self, at_ms: int | None = None) -> list[Order]:
        """Return every order it ever accepted, oldest first."""
        at = self.clock.ms if at_ms is None else at_ms
        found = ([o for when, o in states if when <= at] for states in self.history.values())
        return [states[-1] for states in found if states]

    def named(self, client_order_id: str, at_ms: int | None = None) -> list[Order]:
        return [o for o in self.orders(at_ms) if o.client_order_id == client_order_id]

    def fills(self, at_ms: int | None = None) -> list[FillReport]:
        at = (self.clock.ms if at_ms is None else at_ms) + self.skew_ms
        return [self.fill_report(trade) for trade in self.trades if trade.at_ms <= at]

    def balances(self) -> dict[str, Decimal]:
        return {asset: held.total for asset, held in self.account.balances.items()}

    def report(self, order: Order, trades: tuple[Trade, ...] = ()) -> OrderReport:
        return OrderReport(
            client_order_id=order.client_order_id,
            venue_order_id=str(order.order_id),
            symbol=self.symbols[order.symbol],
            status=STATUSES[order.status],
            side=order.side.lower(),
            type=OUR_TYPES.get(order.type, "limit"),
            amount=order.amount,
            filled=order.filled,
            cost=order.cost,
            price=order.price or None,
            stop_price=order.stop_price or None,
            at_ms=order.updated_ms,
            fills=tuple(self.fill_report(trade, order.client_order_id) for trade in trades),
        )

    def fill_report(self, trade: Trade, client_order_id: str = "") -> FillReport:
        return FillReport(
            symbol=self.symbols[trade.symbol],
            venue_order_id=str(trade.order_id),
            venue_trade_id=str(trade.trade_id),
            client_order_id=client_order_id,
            side=trade.side.lower(),
            price=trade.price,
            amount=trade.amount,
            cost=trade.cost,
            fee=trade.fee,
            fee_asset=trade.fee_asset,
            liquidity="maker" if trade.is_maker else "taker",
            at_ms=trade.at_ms,
        )
