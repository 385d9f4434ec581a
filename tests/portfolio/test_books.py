"""Positions, trips, days and ledger lines as functions of fills."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.domain.money import settle
from apps.portfolio.domain.books import add_fills, is_late, rebuild
from apps.portfolio.domain.ledger import Exchange, lines_of_fill, lines_of_transfer, venue_change
from apps.portfolio.domain.position import Execution, State, Unit, apply_fills, is_flat

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
UNIT = Unit("BTC", "USDT", D("0.01"))


def execution(number, side, amount, price, fee="0", fee_asset="USDT"):
    at = START + timedelta(hours=number)
    return Execution(side, D(price), D(amount), D(fee), fee_asset, at, "7", str(number))


def books(*fills):
    return apply_fills(state=State(), fills=fills, unit=UNIT)


def test_a_buy_with_a_fee_in_base_holds_what_is_left():
    state = books(execution(1, "buy", "2", "100", "0.002", "BTC")).state
    assert (state.amount, state.basis, state.fees) == (D("1.998"), D("199.8"), D("0.2"))
    assert (state.opened_at, state.realised_profit) == (START + timedelta(hours=1), 0)


def test_a_sale_takes_its_share_of_the_basis_and_realises():
    fills = [execution(1, "buy", "3", "100"), execution(2, "sell", "1", "130", "0.13")]
    state = books(*fills).state
    assert (state.amount, state.basis, state.realised_profit) == (2, 200, 30)
    assert state.fees == D("0.13")


def test_the_share_is_rounded_half_even_to_18_places():
    state = books(execution(1, "buy", "3", "100"), execution(2, "buy", "4", "33.33"),
                  execution(3, "sell", "1", "90")).state  # fmt: skip
    share = settle(D("433.32") / 7)
    assert state.basis == D("433.32") - share
    assert state.realised_profit == 90 - share


def test_selling_all_closes_the_trip_and_leaves_no_basis():
    applied = books(
        execution(1, "buy", "3", "100", "0.3"), execution(2, "sell", "1", "110", "0.11"),
        execution(3, "sell", "2", "90", "0.18"),
    )  # fmt: skip
    [trip] = applied.trips
    assert (trip.profit, trip.fees) == (D("-10.59"), D("0.59"))
    assert (trip.entry_cost, trip.exit_cost) == (300, 290)
    assert (trip.opened_at, trip.closed_at) == (
        START + timedelta(hours=1),
        START + timedelta(hours=3),
    )
    assert (applied.state.basis, applied.state.opened_at, applied.state.round_trips) == (0, None, 1)


def test_dust_counts_as_flat_and_is_carried_into_the_next_trip():
    applied = books(
        execution(1, "buy", "1", "100"), execution(2, "sell", "0.995", "100"),
        execution(3, "buy", "1", "200"), execution(4, "sell", "1.005", "200"),
    )  # fmt: skip
    assert [trip.profit for trip in applied.trips] == [0, D("0.5")]
    assert is_flat(D("-0.009"), UNIT)
    assert not is_flat(D("0.01"), UNIT)


def test_selling_more_than_is_held_opens_the_other_side():
    applied = books(execution(1, "buy", "1", "100"), execution(2, "sell", "3", "110"))
    state = applied.state
    assert (state.amount, state.basis, state.realised_profit) == (-2, -220, 10)
    covered = apply_fills(state=state, fills=[execution(3, "buy", "2", "100")], unit=UNIT).state
    assert (covered.amount, covered.basis, covered.realised_profit) == (0, 0, 30)


def test_a_fee_in_a_third_asset_has_no_quote_value_here():
    state = books(execution(1, "buy", "1", "100", "0.01", "BNB")).state
    assert (state.amount, state.fees) == (1, 0)


def test_each_day_gets_what_it_brought():
    applied = books(
        execution(1, "buy", "1", "100", "0.1"), execution(30, "sell", "1", "120", "0.12")
    )
    first, second = (applied.days[key] for key in sorted(applied.days))
    assert (first.realised_profit, first.fees, first.fills) == (0, D("0.1"), 1)
    assert (second.realised_profit, second.fees, second.fills) == (20, D("0.12"), 1)


def test_equal_times_are_ordered_by_the_trade_number():
    early, late = execution(1, "buy", "1", "100"), execution(1, "sell", "1", "110")
    fills = [replace(late, venue_trade_id="10"), replace(early, venue_trade_id="9")]
    assert books(*fills).state.realised_profit == 10


fills = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]), st.integers(1, 400), st.integers(1, 90_000),
        st.integers(0, 20), st.sampled_from(["BTC", "USDT", "BNB"]),
    ),
    max_size=12,
)  # fmt: skip


def made(rows):
    return [
        execution(n, side, D(amount) / 100, D(price) / 7, D(fee) / 10_000, asset)
        for n, (side, amount, price, fee, asset) in enumerate(rows)
    ]


@given(fills, st.randoms(use_true_random=False))
def test_a_late_fill_gives_the_books_that_it_had_given_in_time(rows, shuffle):
    executions = made(rows)
    expected = apply_fills(state=State(), fills=executions, unit=UNIT)
    arriving = list(executions)
    shuffle.shuffle(arriving)
    known, state, trips, days = [], State(), [], {}
    while arriving:
        batch, arriving = arriving[: (n := shuffle.randint(1, 3))], arriving[n:]
        if is_late(state=state, fills=batch):
            change = rebuild(earlier=known, fills=batch, unit=UNIT)
            trips = change.trips
        else:
            change = add_fills(state=state, fills=batch, unit=UNIT)
            trips = trips + change.trips
        for day, gained in change.days.items():
            days[day] = _sum(days.get(day), gained)
        state, known = change.state, known + batch
    assert (state, trips) == (expected.state, expected.trips)
    assert {d: r for d, r in days.items() if r.fills} == expected.days


def _sum(total, gained):
    if total is None:
        return gained
    total.add(gained)
    return total


@given(fills)
def test_a_position_is_the_sum_of_its_fills_and_its_profit_that_of_its_trips(rows):
    executions = made(rows)
    applied = apply_fills(state=State(), fills=executions, unit=UNIT)
    amount = sum(
        ((1 if e.side == "buy" else -1) * e.amount - (e.fee if e.fee_asset == "BTC" else 0)
         for e in executions), D(0),
    )  # fmt: skip
    state = applied.state
    assert state.amount == amount
    closed = sum((t.profit + t.fees for t in applied.trips), D(0))
    open_trip = state.trip_profit if state.opened_at else 0
    assert state.realised_profit == closed + open_trip
    assert sum((d.realised_profit for d in applied.days.values()), D(0)) == state.realised_profit


@given(st.sampled_from(["buy", "sell"]), st.integers(1, 10**9), st.integers(1, 10**9),
       st.integers(-5, 10**6), st.sampled_from(["BTC", "USDT", "BNB"]))  # fmt: skip
def test_the_lines_of_a_fill_sum_to_zero_per_asset(side, amount, cost, fee, fee_asset):
    lines = lines_of_fill(Exchange(side, "BTC", "USDT", D(amount), D(cost), D(fee), fee_asset))
    sums: dict[str, Decimal] = {}
    for line in lines:
        assert line.amount
        sums[line.asset] = sums.get(line.asset, D(0)) + line.amount
    assert set(sums.values()) == {0}
    sign = 1 if side == "buy" else -1
    change = venue_change(lines)
    own_fee = fee if fee_asset == "BTC" else 0
    assert change.get("BTC", 0) == sign * amount - own_fee


def test_a_transfer_has_its_counter_line():
    lines = lines_of_transfer(asset="USDT", amount=D(-5))
    assert [(line.book, line.amount) for line in lines] == [("venue", -5), ("transfers", 5)]
    assert lines_of_transfer(asset="USDT", amount=D(0)) == []


@pytest.mark.parametrize(("hour", "late"), [(3, True), (2, True), (4, False)])
def test_a_fill_at_or_before_the_last_one_is_late(hour, late):
    state = State(last_fill_at=START + timedelta(hours=3))
    assert is_late(state=state, fills=[execution(hour, "buy", "1", "1")]) is late
    assert not is_late(state=State(), fills=[execution(hour, "buy", "1", "1")])
