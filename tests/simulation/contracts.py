"""The side of linear perpetuals of the exchange in this process."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.orders import Effects, Order, OrderRequest, Trade
from apps.simulator.domain.perpetual import engine, terms
from apps.simulator.domain.perpetual.algos import cancel_algo, expire_algo, place_algo
from apps.simulator.domain.perpetual.books import AlgoOrder, Mode, Position
from apps.simulator.domain.perpetual.contracts import ONE_WAY
from apps.simulator.domain.perpetual.effects import AlgoEvent, OrderEvent
from apps.simulator.domain.perpetual.liquidation import force_close
from apps.simulator.domain.perpetual.margin import mark_of
from apps.simulator.domain.perpetual.marks import MarkSource
from apps.simulator.domain.perpetual.sweep import Step, apply_contract_tick, fund_due
from apps.simulator.domain.refusals import Refusal
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    OrderTicket,
    PositionReport,
)
from apps.venues.gateways.families.binanceusdm_rows import (
    ALGO_STATUSES,
    OUR_TYPES,
    TYPES,
    is_forced,
    position_side,
)
from apps.venues.gateways.families.binanceusdm_words import CONDITIONAL, GTD_MIN_MS
from tests.simulation.clock import VirtualClock
from tests.simulation.rows import Market
from tests.simulation.venue import BY_HAND, Exchange


class ContractExchange(Exchange):
    """A futures wallet, positions one-way or hedged, conditional orders apart, funding.

    A conditional order that triggers sends a second order under the same client id: the stream
    tells of both, a question is answered by the two as one.
    """

    def __init__(self, clock: VirtualClock, market: Market) -> None:
        self.algos: dict[str, OrderReport] = {}
        self.sent: dict[str, OrderReport] = {}
        self.payments: list[FundingReport] = []
        self.funded_ms = clock.ms
        super().__init__(clock, market)

    def open_account(self) -> None:
        is_hedged = self.market.position_mode == "hedge"
        self.ledger.contracts.modes[1] = Mode(is_hedged=is_hedged)
        self.sources = {name: MarkSource(name, seed=1) for name in self.symbols}
        for asset, amount in self.market.balances.items():
            self._move(asset, Decimal(amount))

    def meet(self, name: str, book: LadderLiquidity) -> None:
        source = self.sources[name]
        self._note(
            apply_contract_tick(self.ledger, name, book, source=source, now_ms=self.now_ms())
        )

    def pay_funding(self) -> None:
        """Charge what has fallen due since the last time."""
        step = Step(self.funded_ms, self.clock.ms)
        self.funded_ms = self.clock.ms
        for name, source in self.sources.items():
            self._note(fund_due(self.ledger, name, source=source, step=step))

    def place(self, ticket: OrderTicket) -> OrderReport:
        ticket = self.ticket(ticket)
        if ticket.type not in CONDITIONAL:
            return self.accept(self._request(ticket))
        placed = place_algo(self.ledger, self._algo(ticket), now_ms=self.now_ms())
        self._note(placed.effects)
        return self.named(ticket.client_order_id)[-1]

    def accept(self, request: OrderRequest) -> OrderReport:
        placed = engine.place(self.ledger, self.account, request, now_ms=self.now_ms())
        self._note(placed.effects)
        return self.report(placed.order)

    def place_pair(self, stop: OrderTicket, target: OrderTicket) -> list[OrderReport]:
        raise AssertionError("no pairs here: the desk ties the legs itself")

    def _request(self, ticket: OrderTicket) -> OrderRequest:
        time_in_force, good_till_ms = ticket.time_in_force, 0
        if time_in_force == "GTD":
            lasts = (ticket.expires_at_ms or 0) > self.now_ms() + GTD_MIN_MS
            time_in_force = "GTD" if lasts else "GTC"
            good_till_ms = (ticket.expires_at_ms or 0) // 1000 * 1000 if lasts else 0
        return OrderRequest(
            symbol=self.inner(ticket.symbol), side=ticket.side.upper(), type=TYPES[ticket.type],
            client_order_id=ticket.client_order_id, amount=ticket.amount,
            price=ticket.price or ZERO, reduce_only=ticket.reduce_only,
            time_in_force="GTX" if ticket.post_only else time_in_force,
            position_side=ticket.position_side.upper(), good_till_ms=good_till_ms,
        )  # fmt: skip

    def _algo(self, ticket: OrderTicket) -> AlgoOrder:
        is_trailing = ticket.trailing_rate is not None
        stop, now_ms = ticket.stop_price or ZERO, self.now_ms()
        return AlgoOrder(
            algo_id=0, account_id=1, symbol=self.inner(ticket.symbol),
            client_algo_id=ticket.client_order_id, side=ticket.side.upper(),
            position_side=ticket.position_side.upper() or ONE_WAY, type=TYPES[ticket.type],
            time_in_force="GTC", amount=ticket.amount, price=ticket.price or ZERO,
            trigger_price=ZERO if is_trailing else stop, working_type="CONTRACT_PRICE",
            reduce_only=ticket.reduce_only, close_position=False,
            activation_price=stop if is_trailing else ZERO,
            callback=(ticket.trailing_rate or ZERO) * 100, good_till_ms=0, created_ms=now_ms,
            updated_ms=now_ms,
        )  # fmt: skip

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport | None:
        name = self.inner(symbol)
        order = self.ledger.find(1, name, order_id=0, client_id=client_order_id)
        waiting = self.ledger.contracts.algos_of(1, name)
        algo = next((a for a in waiting if a.client_algo_id == client_order_id), None)
        try:
            if order is not None:
                self._note(engine.cancel(self.ledger, self.account, order, now_ms=self.now_ms()))
            else:
                self._note(cancel_algo(self.ledger, algo, now_ms=self.now_ms()))
        except Refusal:
            return None
        return self.named(client_order_id)[-1]

    def expire_stop(self) -> bool:
        waiting = self.ledger.contracts.algos_of(1)
        if waiting:
            effects = Effects()
            oldest = min(waiting, key=lambda algo: algo.algo_id)
            expire_algo(self.ledger, effects, oldest, now_ms=self.now_ms())
            self._note(effects)
        return bool(waiting)

    def force(self, *, deleverages: bool) -> bool:
        """Close the largest position by force; return whether there was one."""
        held = self.ledger.contracts.positions_of(1)
        if held:
            worst = max(held, key=lambda p: (abs(p.amount) * mark_of(self.ledger, p.symbol), p.key))
            self._note(
                force_close(self.ledger, worst, now_ms=self.now_ms(), deleverages=deleverages)
            )
        return bool(held)

    def transfer(self, asset: str, amount: Decimal) -> None:
        self._move(asset, amount)
        self.transfers[asset] = self.transfers.get(asset, ZERO) + amount

    def _move(self, asset: str, amount: Decimal) -> None:
        now_ms = self.now_ms()
        self._note(engine.transfer(self.ledger, self.account, asset=asset, amount=amount, now_ms=now_ms))  # fmt: skip

    def set(self, symbol: str, *, leverage: int = 0, margin_mode: str = "") -> None:
        """Choose leverage or margin mode; choosing the same again is no error."""
        name = self.inner(symbol)
        try:
            if leverage:
                terms.set_leverage(self.ledger, 1, name, leverage=leverage, now_ms=self.now_ms())
            else:
                is_isolated = margin_mode == "isolated"
                terms.set_margin_type(self.ledger, 1, name, is_isolated=is_isolated)
        except Refusal as refusal:
            if refusal.venue_code != -4046:
                raise

    def balances(self) -> dict[str, Decimal]:
        return {w.asset: w.balance for w in self.ledger.contracts.wallets.values()}

    def positions(self) -> list[PositionReport]:
        return [self._position(p) for p in self.ledger.contracts.positions_of(1)]

    def _position(self, held: Position) -> PositionReport:
        mark, setting = mark_of(self.ledger, held.symbol), self.ledger.contracts.setting(1, held.symbol)  # fmt: skip
        return PositionReport(
            symbol=self.symbols[held.symbol], side=position_side(held.side), amount=held.amount,
            entry_price=held.entry, mark_price=mark, liquidation_price=None,
            unrealised=held.unrealised(mark), leverage=Decimal(setting.leverage),
            margin_mode="isolated" if setting.is_isolated else "cross",
            margin=held.isolated or None, at_ms=held.updated_ms,
        )  # fmt: skip

    def forced_orders(self) -> list[OrderReport]:
        """Return the orders that the exchange made itself."""
        return [o for o in self.orders() if is_forced(o.client_order_id)]

    def type_of(self, order: Order) -> str:
        return OUR_TYPES.get(order.orig_type or order.type, "limit")

    def report(self, order: Order, trades: tuple[Trade, ...] = ()) -> OrderReport:
        # an answer here tells no trades
        return replace(super().report(order), position_side=position_side(order.position_side))

    def fill_report(self, trade: Trade, client_order_id: str = "") -> FillReport:
        return replace(
            super().fill_report(trade, client_order_id), realised=trade.realised,
            position_side=position_side(trade.position_side),
            is_liquidation=is_forced(client_order_id),
        )  # fmt: skip

    def _note(self, effects: Effects) -> None:
        for income in effects.contracts.incomes:
            if income.kind == "FUNDING_FEE":
                self.payments.append(
                    FundingReport(self.symbols[income.symbol], str(income.income_id), income.asset,
                                  income.amount, income.at_ms,
                                  rate=self.sources[income.symbol].rate(income.at_ms))
                )  # fmt: skip
        for event in effects.contracts.events:
            if isinstance(event, AlgoEvent):
                self._note_algo(event)
            elif isinstance(event, OrderEvent):
                self._note_order(event)

    def _note_order(self, event: OrderEvent) -> None:
        report = self.report(event.order)
        name = report.client_order_id
        if name in self.algos:
            self.sent[name] = report
            self.tell(report, kept=self._whole(name))
        else:
            self.tell(report)
        if event.trade is not None:
            self.tell_fill(self.fill_report(event.trade, name))

    def _note_algo(self, event: AlgoEvent) -> None:
        algo = event.algo
        filled = event.sent.filled if event.sent else ZERO
        status = ALGO_STATUSES[algo.status]
        report = OrderReport(
            client_order_id=algo.client_algo_id, venue_order_id=str(algo.algo_id),
            symbol=self.symbols[algo.symbol],
            # finished says only that the second order ended
            status="open" if status == "closed" and filled < algo.amount else status,
            side=algo.side.lower(), type=OUR_TYPES[algo.type], amount=algo.amount, filled=filled,
            cost=event.sent.cost if event.sent else ZERO, price=algo.price or None,
            stop_price=algo.trigger_price or algo.activation_price or None, at_ms=event.at_ms,
            position_side=position_side(algo.position_side),
            trailing_rate=algo.callback / 100 or None,
            triggered_id=str(algo.order_id) if algo.order_id else "",
        )  # fmt: skip
        self.algos[report.client_order_id] = report
        self.tell(report, kept=self._whole(report.client_order_id))

    def _whole(self, name: str) -> OrderReport:
        """Return a conditional order with what became of the order that it sent."""
        first, second = self.algos[name], self.sent.get(name)
        if second is None:
            return first
        return replace(
            first, status=second.status, filled=second.filled, cost=second.cost,
            at_ms=max(first.at_ms, second.at_ms), triggered_id=second.venue_order_id,
        )  # fmt: skip


__all__ = ["BY_HAND", "ContractExchange"]
