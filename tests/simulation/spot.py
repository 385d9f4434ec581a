"""The spot side of the exchange in this process."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.simulator.domain import engine, incidents
from apps.simulator.domain.accounts import Balance
from apps.simulator.domain.instruments import listed
from apps.simulator.domain.liquidity import LadderLiquidity
from apps.simulator.domain.orders import Order, OrderRequest, Report
from apps.simulator.domain.pairs import PairRequest, place_pair
from apps.simulator.domain.refusals import Refusal
from apps.simulator.domain.sweep import apply_tick
from apps.venues.domain.reports import OrderReport, OrderTicket
from tests.simulation.venue import Exchange

TYPES = {
    "market": "MARKET", "limit": "LIMIT", "stop_market": "STOP_LOSS",
    "stop_limit": "STOP_LOSS_LIMIT", "take_profit_market": "TAKE_PROFIT",
    "take_profit_limit": "TAKE_PROFIT_LIMIT",
}  # fmt: skip
OUR_TYPES = {theirs: ours for ours, theirs in TYPES.items()}
FEE_ASSET, FEE_ASSET_PRICE = "BNB", Decimal(500)


class SpotExchange(Exchange):
    """Balances, order lists, stops that lock what they would sell."""

    def open_account(self) -> None:
        funds = self.market.balances.items()
        self.account.balances = {asset: Balance(free=Decimal(n)) for asset, n in funds}
        pair = listed(f"{FEE_ASSET}/USDT").symbol
        self.ledger.liquidity[pair] = LadderLiquidity(FEE_ASSET_PRICE)

    def meet(self, name: str, book: LadderLiquidity) -> None:
        if name not in self.ledger.closed:
            self._note(apply_tick(self.ledger, name, book, now_ms=self.now_ms()).reports)

    def place(self, ticket: OrderTicket) -> OrderReport:
        return self.accept(self._request(self.ticket(ticket)))

    def accept(self, request: OrderRequest) -> OrderReport:
        placed = engine.place(self.ledger, self.account, request, now_ms=self.now_ms())
        self._note(placed.effects.reports)
        return self.report(placed.order, placed.trades)

    def place_pair(self, stop: OrderTicket, target: OrderTicket) -> list[OrderReport]:
        legs = self._request(stop), replace(self._request(target), type="LIMIT_MAKER")
        below, above = legs if stop.side == "sell" else legs[::-1]
        wanted = PairRequest(f"l{stop.client_order_id[1:]}", above, below)
        _, orders, effects = place_pair(
            self.ledger, self.account, wanted, now_ms=self.now_ms()
        )  # fmt: skip
        self._note(effects.reports)
        return [self.report(order) for order in orders]

    def _request(self, ticket: OrderTicket) -> OrderRequest:
        kind = "LIMIT_MAKER" if ticket.post_only else TYPES.get(ticket.type, "")
        if ticket.trailing_rate is not None:
            kind = "STOP_LOSS" if ticket.stop_price is None else "TAKE_PROFIT"
        return OrderRequest(
            symbol=self.inner(ticket.symbol),
            side=ticket.side.upper(),
            type=kind,
            client_order_id=ticket.client_order_id,
            amount=ticket.amount,
            price=ticket.price or ZERO,
            stop_price=ticket.stop_price or ZERO,
            # the venue has no GTD: the desk cancels such an order itself
            time_in_force=ticket.time_in_force.replace("GTD", "GTC"),
            trailing_delta=int((ticket.trailing_rate or ZERO) * 10_000),
        )

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport | None:
        order = self._find(symbol, client_order_id)
        try:
            effects = engine.cancel(
                self.ledger, self.account, order, cancel_id="c", now_ms=self.now_ms()
            )
        except Refusal:
            return None
        self._note(effects.reports)
        return self.named(client_order_id)[-1]

    def _find(self, symbol: str, client_order_id: str) -> Order | None:
        return self.ledger.find(1, self.inner(symbol), order_id=0, client_id=client_order_id)

    def cancel_late(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """Cancel, and 200 ms later half of the rest has filled after all."""
        order = self._find(symbol, client_order_id)
        done = self.cancel(symbol, client_order_id)
        if done is not None and order is not None:
            self.clock.at(self.clock.ms + 200, lambda: self._fill_late(order))
        return done

    def _fill_late(self, order: Order) -> None:
        late = incidents.fill_late(self.ledger, order, amount=ZERO, now_ms=self.now_ms())
        self._note(late.reports)

    def expire_stop(self) -> bool:
        waiting = [o for o in self.ledger.orders_of(1) if o.is_waiting_stop]
        if waiting:
            oldest = min(waiting, key=lambda order: order.order_id)
            self._note(incidents.expire(self.ledger, [oldest], now_ms=self.now_ms()).reports)
        return bool(waiting)

    def close_market(self, symbol: str) -> None:
        """Stop trading an instrument: its orders expire, new ones are refused."""
        name = self.inner(symbol)
        self.ledger.closed.add(name)
        resting = list(self.ledger.book(name).values())
        self._note(incidents.expire(self.ledger, resting, now_ms=self.now_ms()).reports)

    def open_markets(self) -> None:
        self.ledger.closed.clear()

    def take_fees_in(self, asset: str) -> None:
        """Take fees in a third asset from now on, while the account has some of it."""
        self.account.fees = replace(self.account.fees, mode="asset", asset=asset)

    def transfer(self, asset: str, amount: Decimal) -> None:
        engine.deposit(self.account, asset=asset, amount=amount)
        self.transfers[asset] = self.transfers.get(asset, ZERO) + amount

    def balances(self) -> dict[str, Decimal]:
        return {asset: held.total for asset, held in self.account.balances.items()}

    def type_of(self, order: Order) -> str:
        if order.is_trailing:
            return "trailing_stop_market"
        return OUR_TYPES.get(order.type, "limit")

    def _note(self, reports: list[Report]) -> None:
        for report in reports:
            if report.listed is not None:
                continue
            self.tell(self.report(report.order))
            if report.trade is not None:
                self.tell_fill(self.fill_report(report.trade, report.order.client_order_id))
