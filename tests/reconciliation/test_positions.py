"""What bots hold beside what the venue has: spot by assets, perpetuals by positions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apps.reconciliation.domain.positions import Holding, compare_linear, compare_spot
from apps.venues.domain.reports import PositionReport

D = Decimal
PERP = "BTC/USDT:USDT"


def held(bot: str, amount: str, *, basis: str = "0", symbol: str = PERP, alone: bool = True):
    return Holding(bot, symbol, "BTC", D(amount), D(basis), alone)


def shown(amount: str, *, entry: str = "100", symbol: str = PERP, side: str = ""):
    return PositionReport(
        symbol, side, D(amount), D(entry), None, None, D(0), None, "cross", None, 0
    )


def keys(differences):
    return [difference.key for difference in differences]


def linear(holdings, reports, *, hedged=False):
    return compare_linear(held=holdings, shown=reports, is_hedged=hedged)


def test_several_bots_sum_up_to_the_net_of_the_account():
    bots = [held("a", "2", alone=False), held("b", "-0.5", alone=False)]
    assert linear(bots, [shown("1.5")]) == []
    [found] = linear(bots, [shown("1.4")])
    assert found.key == ("position", PERP)
    assert found.book == {"amount": "1.5", "bots": {"a": "2", "b": "-0.5"}}


def test_the_smallest_amount_too_much_is_a_difference():
    assert keys(linear([held("a", "1")], [shown("1.000000000000000001")])) == [("position", PERP)]


def test_a_position_that_no_bot_holds_is_foreign():
    assert keys(linear([], [shown("-3")])) == [("foreign_position", PERP)]
    assert keys(linear([held("a", "0")], [shown("-3")])) == [("foreign_position", PERP)]


def test_in_hedge_mode_each_side_is_compared_by_itself():
    bots = [held("a", "2", basis="200"), held("b", "-1", basis="-100")]
    both = [shown("2", side="long"), shown("-1", side="short")]
    assert linear(bots, both, hedged=True) == []
    assert keys(linear(bots, both[:1], hedged=True)) == [("position", f"{PERP} short")]


@pytest.mark.parametrize(("entry", "differs"), [("100.01", False), ("100.02", True)])
def test_the_average_of_a_bot_alone_is_held_within_a_hundredth_of_a_percent(entry, differs):
    found = linear([held("a", "2", basis="200")], [shown("2", entry=entry)])
    assert keys(found) == ([("position", f"{PERP} average")] if differs else [])
    several = [held("a", "2", basis="200", alone=False)]
    assert linear(several, [shown("2", entry=entry)]) == []


def test_on_spot_what_belongs_to_no_bot_is_left_out():
    bots = [held("a", "1", symbol="BTC/USDT"), held("b", "2", symbol="BTC/USDC")]
    ledger = {"BTC": D("3.5"), "USDT": D(7)}
    exact = {"held": bots, "ledger": ledger, "tolerance": D(0)}
    assert compare_spot(venue={"BTC": D("3.5"), "USDT": D(1)}, **exact) == []
    [found] = compare_spot(venue={"BTC": D("3.2")}, **exact)
    assert found.key == ("position", "BTC")
    assert (found.book["amount"], found.venue["amount"]) == ("3", "2.7")
