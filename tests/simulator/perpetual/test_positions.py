"""Positions of perpetuals: margin, profit, liquidation, funding, computed by hand."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - read like a number

from apps.simulator.domain.perpetual.effects import OrderEvent
from apps.simulator.domain.perpetual.liquidation import force_close
from apps.simulator.domain.perpetual.margin import liquidation_price, summary
from apps.simulator.domain.perpetual.terms import (
    move_margin,
    set_position_mode,
)
from tests.simulator.perpetual.books import HOUR, Desk, leverage, refused


def test_margin_of_a_cross_position_at_ten_times() -> None:
    desk = Desk()
    leverage(desk, 10)
    desk.order("BUY", "20")
    desk.candle(110, 110)

    margin = summary(desk.ledger, 1, "USDT")

    # 20 x 110 = 2,200: initial 2,200 / 10, maintenance 2,200 x 0.65 %, profit 20 x 10, fee 20 x 100 x 0.05 %
    assert margin.wallet == D(999)
    assert (margin.unrealised, margin.equity) == (D(200), D(1199))
    assert margin.position_margin == D(220)
    assert margin.maintenance == D("14.3000")
    assert margin.available == D(979)


def test_a_partial_close_realises_its_share_and_keeps_the_entry() -> None:
    desk = Desk()
    desk.order("BUY", "2")
    desk.candle(130, 130)
    desk.order("BUY", "1")
    assert desk.position().entry == D(110)

    trade = desk.order("SELL", "1").trades[0]

    assert trade.realised == D(20)
    assert (desk.position().amount, desk.position().entry) == (D(2), D(110))
    assert desk.wallet().realised == D(20)


def test_a_larger_sell_flips_the_position_at_the_new_price() -> None:
    desk = Desk()
    desk.order("BUY", "1")
    desk.candle(90, 90)

    trade = desk.order("SELL", "3").trades[0]

    assert trade.realised == D(-10)
    assert (desk.position().amount, desk.position().entry) == (D(-2), D(90))


def test_both_sides_of_a_hedged_contract_stand_for_themselves() -> None:
    desk = Desk(hedged=True)
    desk.order("BUY", "2", position_side="LONG")
    desk.order("SELL", "1", position_side="SHORT")
    desk.candle(80, 80)

    closed = desk.order("BUY", "1", position_side="SHORT").trades[0]

    assert closed.realised == D(20)
    assert desk.position("LONG").amount == D(2)
    assert desk.position("SHORT").amount == D(0)
    refused(-4061, lambda: desk.order("BUY", "1"))
    refused(-2022, lambda: desk.order("BUY", "1", position_side="SHORT"))
    refused(-4068, lambda: set_position_mode(desk.ledger, 1, is_hedged=False))


def test_liquidation_price_of_a_cross_long_by_the_venues_formula() -> None:
    desk = Desk()
    leverage(desk, 20)
    desk.order("BUY", "50")

    # (WB + cum - 50 x 100) / (50 x 0.0065 - 50) with WB 1,000 - 2.5 fee, bracket 1
    assert liquidation_price(desk.ledger, desk.position()) == D("80.57372924")


def test_an_isolated_position_falls_alone_and_costs_only_its_margin() -> None:
    desk = Desk()
    leverage(desk, 10, isolated=True)
    desk.order("BUY", "10")
    assert desk.position().isolated == D(100)
    # (100 - 10 x 100) / (10 x 0.0065 - 10)
    assert liquidation_price(desk.ledger, desk.position()) == D("90.58882738")

    desk.candle(85, 100, opened=100, close=99)

    assert desk.position().amount == 0
    forced = [e for e in desk.told.contracts.events if isinstance(e, OrderEvent)][-1]
    assert forced.execution == "CALCULATED"
    assert forced.order.client_order_id.startswith("autoclose-")
    assert forced.order.price == D("90.59")
    # the fee may take no more than is left of the 100 set aside: 5.90 of the 11.32 due
    assert desk.wallet().balance == D("999.5") - D("94.1") - D("5.9")


def test_a_gap_far_beyond_leaves_nothing_and_owes_nothing() -> None:
    desk = Desk()
    leverage(desk, 20)
    desk.order("BUY", "100")

    desk.candle(50, 60, opened=60)

    assert desk.position().amount == 0
    assert D(0) <= desk.wallet().balance < D("1.00")


def test_a_short_is_liquidated_when_the_mark_rises() -> None:
    desk = Desk()
    leverage(desk, 20)
    desk.order("SELL", "100")
    edge = liquidation_price(desk.ledger, desk.position())

    desk.candle(100, 108, close=101)
    assert desk.position().amount == -100
    desk.candle(100, 120, close=101)

    assert D(108) < edge < D(120)
    assert desk.position().amount == 0


def test_a_deleveraged_position_closes_at_mark_without_a_fee() -> None:
    desk = Desk()
    desk.order("BUY", "1")
    resting = desk.order("SELL", "1", price=110, reduce_only=True).order
    desk.candle(105, 105)

    effects = force_close(desk.ledger, desk.position(), now_ms=desk.clock, deleverages=True)

    last = [e for e in effects.contracts.events if isinstance(e, OrderEvent)][-1]
    assert (last.order.client_order_id, last.order.price) == ("adl_autoclose", D(105))
    assert last.trade is not None
    assert (last.trade.realised, last.trade.fee) == (D(5), D(0))
    assert resting.status == "CANCELED"


def test_longs_pay_a_positive_rate_and_shorts_get_it() -> None:
    desk = Desk(accounts=2)
    desk.order("BUY", "1")
    desk.order("SELL", "2", who=2)
    desk.candle(120, 120, hours=7)

    # at the 8th hour, at the mark of 120, 0.1 %
    assert desk.wallet(1).funding == D("-0.12")
    assert desk.wallet(2).funding == D("0.24")
    incomes = [i for i in desk.told.contracts.incomes if i.kind == "FUNDING_FEE"]
    assert {income.at_ms for income in incomes} == {8 * HOUR}


def test_a_day_candle_charges_each_funding_inside_it() -> None:
    desk = Desk()
    desk.order("BUY", "1")
    desk.candle(200, 200, hours=23)

    # hours 8 and 16 at the mark that was known, hour 24 at the close
    assert desk.wallet().funding == D("-0.4")


def test_margin_that_is_not_there_is_refused_and_nothing_changes() -> None:
    desk = Desk()
    leverage(desk, 5)

    refused(-2019, lambda: desk.order("BUY", "51"))
    refused(-2019, lambda: desk.order("BUY", "51", price=100))
    desk.order("BUY", "49", price=99)
    refused(-2019, lambda: desk.order("BUY", "5", price=99))

    assert len(desk.ledger.orders_of(1)) == 1
    # the other side opens nothing beyond what already counts
    desk.order("SELL", "20", price=110)
    assert summary(desk.ledger, 1, "USDT").order_margin == D("970.2")


def test_margin_moves_into_and_out_of_an_isolated_position() -> None:
    desk = Desk()
    leverage(desk, 10, isolated=True)
    desk.order("BUY", "10")

    move_margin(desk.ledger, desk.position(), amount=D(50), adds=True, now_ms=0)
    assert desk.position().isolated == D(150)
    refused(
        -4051, lambda: move_margin(desk.ledger, desk.position(), amount=D(51), adds=False, now_ms=0)
    )

    desk.order("SELL", "5")
    assert desk.position().isolated == D(75)


def test_leverage_that_the_position_forbids_is_refused() -> None:
    desk = Desk()
    leverage(desk, 20)
    desk.order("BUY", "150")

    refused(-4028, lambda: leverage(desk, 126))
    refused(-2028, lambda: leverage(desk, 10))
    refused(-4048, lambda: leverage(desk, 20, isolated=True))
