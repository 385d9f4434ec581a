"""The comparison itself: pure pictures in, findings out."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from apps.reconciliation.domain.balances import compare_balances, in_motion
from apps.reconciliation.domain.compare import compare, vanished
from apps.reconciliation.domain.differences import Book, BookFill, BookOrder, Shown
from apps.venues.domain.reports import FillReport, OrderReport

D = Decimal


def ours(name="ours", *, status="open", filled="0", venue_order_id="1"):
    return BookOrder(uuid4(), name, venue_order_id, "BTC/USDT", status, D(filled))


def report(name="ours", *, filled="0", status="open", venue_order_id="1"):
    return OrderReport(
        name, venue_order_id, "BTC/USDT", status, "buy", "limit", D(1), D(filled), D(0), D(90),
        None, 0,
    )  # fmt: skip


def fill(trade="t1", *, order="1", amount="1", name=""):
    return FillReport(
        "BTC/USDT", order, trade, name, "buy", D(90), D(amount), D(90), D(0), "USDT", "maker", 0
    )


def booked(amount="1", **values):
    terms = {"side": "buy", "price": D(90), "fee": D(0), "fee_asset": "USDT"}
    return BookFill(amount=D(amount), **terms | values)


def found(orders=(), fills=None, *, shown=(), told=(), known=()):
    book = Book(tuple(orders), fills or {}, frozenset(known))
    return compare(
        book=book,
        shown=Shown(tuple(shown), tuple(told)),
        is_ours=lambda name: name.startswith("ours"),
    )


def kinds(findings):
    return [difference.kind for difference in findings.differences]


def test_equal_pictures_differ_in_nothing():
    key = ("BTC/USDT", "1", "t1")
    findings = found(
        [ours(status="partially_filled", filled="0.5")], {key: booked("0.5")},
        shown=[report(filled="0.5")], told=[fill(amount="0.5")],
    )  # fmt: skip
    assert kinds(findings) == []
    assert (findings.compared, findings.equal) == (2, 2)
    assert (findings.told, findings.missed, findings.absent) == ([], [], [])


def test_an_order_of_the_desk_without_a_row_is_an_unknown_order():
    findings = found(shown=[report("ours-lost")])
    assert [d.key for d in findings.differences] == [("unknown_order", "ours-lost")]
    assert findings.differences[0].severity == "critical"


def test_an_order_without_our_mark_is_foreign():
    findings = found(shown=[report("web_1", venue_order_id="77")])
    assert [d.key for d in findings.differences] == [("foreign_order", "BTC/USDT 77")]


def test_more_filled_at_the_venue_is_news_not_a_case():
    findings = found([ours()], shown=[report(filled="0.2")], told=[fill(amount="0.2")])
    assert kinds(findings) == []
    assert len(findings.told) == len(findings.missed) == 1


def test_an_order_the_venue_no_longer_shows_is_asked_about():
    order = ours()
    assert found([order]).absent == [order]
    assert vanished(order).key == ("status", "ours")


@pytest.mark.parametrize(
    "status", ["filled", "canceled", "expired", "rejected", "withdrawn", "created"]
)
def test_an_order_that_ended_for_us_and_is_open_at_the_venue_is_a_status_difference(status):
    findings = found([ours(status=status)], shown=[report()])
    assert kinds(findings) == ["status"]
    assert len(findings.told) == 1


@pytest.mark.parametrize("status", ["submitted", "unknown"])
def test_an_order_in_transit_that_arrived_is_news(status):
    findings = found([ours(status=status, venue_order_id="")], shown=[report()])
    assert kinds(findings) == []
    assert (len(findings.told), findings.in_transit) == (1, 1)


def test_ended_orders_that_nobody_shows_are_equal():
    assert found([ours(status="canceled")]).equal == 1


def test_a_fill_of_an_unknown_order_is_foreign():
    findings = found([ours()], shown=[report()], told=[fill(order="99")])
    assert [d.key for d in findings.differences] == [("foreign_fill", "BTC/USDT 99")]


def test_a_fill_that_may_be_of_an_order_in_transit_waits():
    findings = found([ours(status="submitted", venue_order_id="")], told=[fill(order="99")])
    assert kinds(findings) == []
    assert findings.in_doubt == 1


def test_a_fill_that_names_our_order_is_missed_even_before_we_know_its_number():
    order = ours(status="submitted", venue_order_id="")
    assert found([order], told=[fill(order="99", name="ours")]).missed


def test_a_fill_of_an_older_order_of_ours_is_missed_not_foreign():
    findings = found(told=[fill(order="5")], known=[("BTC/USDT", "5")])
    assert kinds(findings) == []
    assert len(findings.missed) == 1


def test_another_amount_or_a_fill_nobody_else_knows_is_a_difference():
    keys = {("BTC/USDT", "1", "t1"): booked("2"), ("BTC/USDT", "1", "t9"): booked()}
    findings = found([ours(status="filled")], keys, told=[fill(amount="1")])
    assert [d.subject for d in findings.differences] == ["BTC/USDT 1 t1", "BTC/USDT 1 t9"]
    assert kinds(findings) == ["amount", "amount"]


def test_balances_are_exact_on_the_simulated_exchange_and_within_one_unit_elsewhere():
    book, venue = {"BTC": D(1), "USDT": D(5)}, {"BTC": D("1.00000001"), "ETH": D(2), "USDT": D(5)}
    exact = compare_balances(book=book, venue=venue, environment="simulated")
    loose = compare_balances(book=book, venue=venue, environment="live")
    assert [d.subject for d in exact] == ["BTC", "ETH"]
    assert [d.subject for d in loose] == ["ETH"]
    assert loose[0].book == {"amount": "0"}


def test_assets_that_moved_while_we_looked_are_left_out():
    assert in_motion({"A": D(1), "B": D(2)}, {"A": D(1), "B": D(3), "C": D(1)}) == {"B", "C"}
