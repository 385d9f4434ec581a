"""Long, funded, turned short, funded again and liquidated: every figure computed by hand.

One bot, 950 USDT of margin at twice the leverage, 0.05 % in fees; through the real cycle, sender,
absorber and comparisons, on a one-way and on a hedge account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from apps.bots.models import Bot
from apps.core.clock import to_ms
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order
from apps.portfolio.actions.poll_perpetuals import poll_venue_positions
from apps.portfolio.actions.rebuild_positions import rebuild_positions
from apps.portfolio.actions.record_funding import record_funding
from apps.portfolio.models import Balance, JournalLine, Position, RoundTrip, VenueSetting
from apps.reconciliation.actions import reconcile_balances, reconcile_orders, reconcile_positions
from apps.reconciliation.models import Case
from apps.risk.actions.permit import close_permits
from apps.risk.models import Restriction
from apps.trading.actions.run_account import run_account
from apps.venues import gateways
from apps.venues.domain.reports import (
    FillReport,
    FundingReport,
    OrderReport,
    OrderTicket,
    PositionReport,
)
from tests.factories import make_account, make_quote
from tests.fakes.whole_venue import WholeVenue
from tests.portfolio.stories import broken_invariants
from tests.trading.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
PERP = "BTC/USDT:USDT"
FEE_RATE = D("0.0005")
RISING, TURNED, FALLING = 100, 95, 94


class ContractVenue(WholeVenue):
    """An exchange of perpetuals: one position a side, profit by its own average entry price."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.wallet = desk, D(100_000)
        self.held: dict[str, tuple[Decimal, Decimal]] = {}
        self.settings: list[tuple[str, ...]] = []

    async def position_mode(self) -> str:
        return self.desk.account.position_mode

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        self.settings.append(("leverage", symbol, str(leverage)))

    async def set_margin_mode(self, symbol: str, mode: str) -> None:
        self.settings.append(("margin_mode", symbol, mode))

    async def balances(self) -> dict[str, Decimal]:
        return {"USDT": self.wallet}

    async def positions(self, symbols: object = None) -> list[PositionReport]:
        return [
            PositionReport(
                PERP, side, amount, entry, self.price, None, amount * (self.price - entry),
                D(2), "cross", None, to_ms(self.desk.at),
            )
            for side, (amount, entry) in self.held.items() if amount
        ]  # fmt: skip

    def accept(self, ticket: OrderTicket) -> OrderReport:
        report = super().accept(ticket)
        if report.fills:
            fill = self.trade(report.fills[0], ticket.position_side)
            report = replace(report, cost=fill.cost, fills=(fill,))
            self.orders[ticket.client_order_id] = report
        return report

    def trade(self, fill: FillReport, side: str) -> FillReport:  # type: ignore[override]
        """Book an execution: the wallet takes profit and fee, the position what is left."""
        amount, entry = self.held.get(side, (D(0), D(0)))
        signed = fill.amount if fill.side == "buy" else -fill.amount
        realised, after = D(0), amount + signed
        if amount * signed < 0:
            realised = -signed * (fill.price - entry)
        else:
            entry = (amount * entry + signed * fill.price) / after
        fee = fill.amount * fill.price * FEE_RATE
        self.held[side] = (after, entry)
        self.wallet += realised - fee
        return replace(
            fill, fee=fee, realised=realised, position_side=side, at_ms=to_ms(self.desk.at) + 1000
        )

    def liquidate(self, side: str, price: str) -> FillReport:
        """Close the position at `price` by the venue's own order."""
        amount, _ = self.held[side]
        self.hidden_fills.append(
            self.trade(
                FillReport(
                    symbol=PERP, venue_order_id="9001", venue_trade_id="9001",
                    client_order_id="autoclose-1683028800000", price=D(price), amount=abs(amount),
                    side="sell" if amount > 0 else "buy", cost=abs(amount) * D(price), fee=D(0),
                    fee_asset="USDT", liquidity="taker", at_ms=0, is_liquidation=True,
                ),
                side,
            )
        )  # fmt: skip
        return self.hidden_fills[-1]

    def fund(self, number: int, amount: str) -> FundingReport:
        """Pay (negative) or receive funding a minute after the desk's present candle."""
        self.wallet += D(amount)
        at = to_ms(self.desk.at + timedelta(minutes=1))
        return FundingReport(PERP, str(number), "USDT", D(amount), at)


@dataclass
class Story:
    """The desk, its venue and its bot."""

    desk: Desk
    venue: ContractVenue
    bot: Bot

    def at(self, close: int) -> None:
        """Let the next candle close at `close` and the account do all that is due."""
        self.desk.step(float(close))
        self.run(close)

    def run(self, price: int) -> None:
        self.venue.price = D(price)
        make_quote(self.desk.instruments[0], last=price, mark=D(price), at=self.desk.at)
        run_account(account_id=self.desk.account.id)

    def fund(self, number: int, amount: str) -> None:
        record_funding(account_id=self.desk.account.id, reports=[self.venue.fund(number, amount)])

    def compare(self) -> set[str]:
        """Compare everything with the venue; return the kinds of open cases."""
        poll_venue_positions(account_id=self.desk.account.id)
        for action in (
            reconcile_orders.reconcile_orders,
            reconcile_positions.reconcile_positions,
            reconcile_balances.reconcile_balances,
        ):
            assert not action(account_id=self.desk.account.id).error
        return set(Case.objects.filter(state="open").values_list("kind", flat=True))

    @property
    def holding(self) -> tuple[Decimal, Decimal]:
        position = Position.objects.get(bot=self.bot)
        return position.amount, position.basis

    @property
    def usdt(self) -> Decimal:
        return Balance.objects.get(account=self.desk.account, asset="USDT").amount

    def stop(self) -> tuple[str, Decimal, Decimal | None, str]:
        order = Order.objects.get(purpose="protect", status="open")
        return order.side, order.amount, order.stop_price, order.position_side


@pytest.fixture(params=["one_way", "hedge"])
def story(request, monkeypatch):
    account = make_account(venue="binanceusdm", position_mode=request.param)
    desk = Desk(symbols=[PERP], account=account)
    venue = ContractVenue(desk)
    monkeypatch.setattr(gateways, "gateway", lambda credentials: venue)
    for module in (reconcile_orders, reconcile_positions, reconcile_balances):
        monkeypatch.setattr(module, "SECOND_LOOK_SECONDS", 0)
    bot = desk.bot(
        strategy="sma_swing", protection={"stop_loss": "0.2"},
        sizing={"mode": "fixed_cost", "cost": "950", "leverage": "2", "sides": "both"},
    )  # fmt: skip
    yield Story(desk, venue, bot)
    close_permits()


def test_a_long_a_flip_a_short_two_fundings_and_a_liquidation(story: Story) -> None:
    hedged = story.desk.account.position_mode == "hedge"
    long, short = ("long", "short") if hedged else ("", "")

    story.desk.history([98.0, 98, 98, 98, RISING])
    story.run(RISING)
    assert story.venue.settings == [("margin_mode", PERP, "cross"), ("leverage", PERP, "2")]
    assert VenueSetting.objects.get().problem == ""
    # 950 of margin twice: 1,900 at 100
    assert story.holding == (19, 1900)
    assert story.usdt == D("99999.05")
    assert story.stop() == ("sell", D(19), D(80), long)
    assert story.compare() == set()

    story.fund(1, "-0.19")
    assert story.usdt == D("99998.86")
    assert Position.objects.get(bot=story.bot).funding == D("-0.19")

    story.at(TURNED)
    # sold at 95: -5 x 19, and a fee of 0.9025; the short opens with the next candle, as large as at 95
    assert story.holding == (0, 0)
    assert story.usdt == D("99902.9575")
    assert story.compare() == set()
    trip = RoundTrip.objects.get()
    # its own profit: the price's, less 1.8525 of fees; funding stands apart
    assert (trip.profit, trip.fees) == (D("-96.8525"), D("1.8525"))

    story.at(FALLING)
    entry = Order.objects.filter(purpose="entry").latest("decided_at")
    assert (entry.side, entry.amount, entry.position_side) == ("sell", 20, short)
    assert story.holding == (-20, -1880)
    assert story.usdt == D("99902.0175")
    assert story.stop() == ("buy", D(20), D("112.8"), short)
    story.fund(2, "0.19")
    assert story.usdt == D("99902.2075")
    assert story.compare() == set()

    told = story.venue.liquidate(short, "110")
    store_facts(account_id=story.desk.account.id, source="stream", fills=[told, told])
    story.run(110)
    # bought back at 110: -16 x 20, and a fee of 1.1
    assert story.holding == (0, 0)
    assert story.usdt == story.venue.wallet == D("99581.1075")
    assert story.compare() == {"liquidation"}
    ended(story)


def ended(story: Story) -> None:
    """The books after the last act, and what the desk does about it."""
    position = Position.objects.get(bot=story.bot)
    assert (position.realised_profit, position.fees, position.funding) == (-415, D("3.8925"), 0)
    lines = JournalLine.objects.filter(asset="USDT")
    books = {
        book: sum(lines.filter(book=book).values_list("amount", flat=True))
        for book in ("trading", "fees", "funding")
    }
    assert books == {"trading": 415, "fees": D("3.8925"), "funding": 0}
    forced = Order.objects.get(origin="venue")
    assert (forced.purpose, forced.side, forced.amount) == ("flatten", "buy", 20)
    assert Restriction.objects.filter(code="LIQUIDATED", state="halted", lifted_at=None).exists()
    assert not Order.objects.filter(status="open").exists()
    assert not [r for r in story.venue.orders.values() if r.status == "open"]
    assert broken_invariants() == {}
    assert rebuild_positions(account_id=story.desk.account.id).changed == 0
