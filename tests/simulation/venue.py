"""An exchange in this process: the simulator's own matching engine, its history, its user stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.accounts import Account, FeeSchedule
from apps.simulator.domain.instruments import Instrument, listed
from apps.simulator.domain.ledger import Ledger
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.orders import Order, OrderRequest, Trade
from apps.venues.domain.reports import FillReport, OrderReport, OrderTicket
from apps.venues.domain.tickets import guarded
from tests.simulation.clock import VirtualClock
from tests.simulation.rows import STOP_ORDERS_MAX, Market

STATUSES = {
    "NEW": "open", "PARTIALLY_FILLED": "open", "FILLED": "closed", "CANCELED": "canceled",
    "EXPIRED": "expired", "REJECTED": "rejected",
}  # fmt: skip
BY_HAND = "web_"


class Exchange(ABC):
    """One account at one exchange. What it accepted it never forgets; `heard` is its stream.

    `transfers` is what came and left past all trading, by asset.
    """

    def __init__(self, clock: VirtualClock, market: Market) -> None:
        self.clock = clock
        self.skew_ms = 0
        self.market = market
        named = [replace(listed(s), stop_orders_max=STOP_ORDERS_MAX) for s in market.prices]
        self.symbols = {i.symbol: s for i, s in zip(named, market.prices, strict=True)}
        self.ledger = Ledger(instruments={i.symbol: i for i in named})
        self.account = Account(1, "desk", "key", "secret", FeeSchedule())
        self.ledger.accounts[1] = self.account
        self.history: dict[str, list[tuple[int, OrderReport]]] = {}
        self.trades: list[FillReport] = []
        self.heard: deque[OrderReport | FillReport] = deque()
        self.transfers: dict[str, Decimal] = {}
        self._strangers = 0
        self.open_account()
        for symbol, price in market.prices.items():
            self.tick(symbol, Decimal(price))

    def now_ms(self) -> int:
        return self.clock.ms + self.skew_ms

    def inner(self, symbol: str) -> str:
        """Return what the engine calls a symbol."""
        return listed(symbol).symbol

    def instrument(self, symbol: str) -> Instrument:
        return self.ledger.instruments[self.inner(symbol)]

    def tick(self, symbol: str, price: Decimal, *, size: str = "3", levels: int = 4) -> None:
        """Move the price; each level of the book holds `size` base units."""
        tick = self.instrument(symbol).tick
        bids = [(price - tick * (n + 1), Decimal(size)) for n in range(levels)]
        asks = [(price + tick * (n + 1), Decimal(size)) for n in range(levels)]
        self.meet(self.inner(symbol), LadderLiquidity(price, bids, asks))

    def ticket(self, ticket: OrderTicket) -> OrderTicket:
        """Return a ticket as the gateway puts it."""
        return guarded(ticket, price_tick=self.instrument(ticket.symbol).tick)

    def trade_by_hand(
        self,
        symbol: str,
        side: str,
        amount: Decimal,
        price: Decimal = ZERO,
        position_side: str = "",
    ) -> None:
        """Let somebody trade on the account past the desk; a limit order when there is a price."""
        self._strangers += 1
        request = OrderRequest(
            symbol=self.inner(symbol), side=side.upper(), type="LIMIT" if price else "MARKET",
            client_order_id=f"{BY_HAND}{self._strangers}", amount=amount, price=price,
            position_side=position_side,
        )  # fmt: skip
        self.accept(request)

    @abstractmethod
    def open_account(self) -> None:
        """Give the account what it holds."""

    @abstractmethod
    def meet(self, name: str, book: LadderLiquidity) -> None:
        """Let a new book meet what waits."""

    @abstractmethod
    def accept(self, request: OrderRequest) -> OrderReport:
        """:raises Refusal: as the exchange words it."""

    @abstractmethod
    def place(self, ticket: OrderTicket) -> OrderReport:
        """:raises Refusal: as the exchange words it."""

    @abstractmethod
    def place_pair(self, stop: OrderTicket, target: OrderTicket) -> list[OrderReport]:
        """:raises Refusal: as the exchange words it."""

    @abstractmethod
    def cancel(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Return the order that ended, None when there is no such open order."""

    @abstractmethod
    def expire_stop(self) -> bool:
        """End the oldest waiting stop, as the exchange's own decision; return whether one waited."""

    @abstractmethod
    def transfer(self, asset: str, amount: Decimal) -> None:
        """Let a balance move from outside."""

    @abstractmethod
    def balances(self) -> dict[str, Decimal]:
        """Return what it holds of each asset."""

    # what it shows, as it stood at `at_ms` of real time

    def orders(self, at_ms: int | None = None) -> list[OrderReport]:
        """Return every order it ever accepted, oldest first."""
        at = self.clock.ms if at_ms is None else at_ms
        found = ([o for when, o in states if when <= at] for states in self.history.values())
        return [states[-1] for states in found if states]

    def named(self, client_order_id: str, at_ms: int | None = None) -> list[OrderReport]:
        return [o for o in self.orders(at_ms) if o.client_order_id == client_order_id]

    def numbered(self, venue_order_id: str, at_ms: int | None = None) -> OrderReport | None:
        """Return the order that the venue's own id names."""
        found = [
            o for o in self.orders(at_ms) if venue_order_id in {o.venue_order_id, o.triggered_id}
        ]
        return found[-1] if found else None

    def fills(self, at_ms: int | None = None) -> list[FillReport]:
        """Return the list of trades: as everywhere it names no client order id."""
        at = (self.clock.ms if at_ms is None else at_ms) + self.skew_ms
        return [
            replace(f, client_order_id="", is_liquidation=False)
            for f in self.trades
            if f.at_ms <= at
        ]

    def strange_trades(self) -> Iterable[FillReport]:
        """Return what was traded past the desk."""
        return (t for t in self.trades if t.client_order_id.startswith(BY_HAND))

    def tell(self, report: OrderReport, *, kept: OrderReport | None = None) -> None:
        """Keep a step of an order (as `kept`, if it is shown otherwise) and put it on the stream."""
        shown = kept or report
        self.history.setdefault(shown.venue_order_id, []).append((self.clock.ms, shown))
        self.heard.append(report)

    def tell_fill(self, fill: FillReport) -> None:
        self.trades.append(fill)
        self.heard.append(fill)

    def report(self, order: Order, trades: tuple[Trade, ...] = ()) -> OrderReport:
        """Return an order as the gateway reads it."""
        return OrderReport(
            client_order_id=order.client_order_id,
            venue_order_id=str(order.order_id),
            symbol=self.symbols[order.symbol],
            status=STATUSES[order.status],  # type: ignore[arg-type]
            side=order.side.lower(),
            type=self.type_of(order),
            amount=order.amount,
            filled=order.filled,
            cost=order.cost,
            price=order.price or None,
            stop_price=order.stop_price or None,
            at_ms=order.updated_ms,
            fills=tuple(self.fill_report(trade, order.client_order_id) for trade in trades),
        )

    @abstractmethod
    def type_of(self, order: Order) -> str:
        """Return an order's type in our words."""

    def fill_report(self, trade: Trade, client_order_id: str = "") -> FillReport:
        """Return a trade as the gateway reads it."""
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
