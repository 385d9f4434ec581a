"""Compare our orders and fills with the venue's: a pure function of two pictures.

The venue's picture must have been taken before the book's: an order row commits before anything
leaves (I1), so whatever of ours the venue shows is in the later book.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from apps.core.domain.money import plain
from apps.reconciliation.domain.differences import Book, BookOrder, Difference, Findings, Shown
from apps.venues.domain.reports import FillReport, OrderReport

RESTING: Final = frozenset({"open", "partially_filled", "pending_cancel"})
IN_TRANSIT: Final = frozenset({"submitted", "unknown"})
UNSENT: Final = frozenset({"created", "withdrawn"})


def compare(*, book: Book, shown: Shown, is_ours: Callable[[str], bool]) -> Findings:
    """Return the findings; `is_ours` tells whether a client order id bears the desk's mark."""
    findings = Findings(compared=len(book.orders) + len(shown.fills))
    by_name = {order.client_order_id: order for order in book.orders}
    for report in shown.open_orders:
        _open_order(report, by_name.get(report.client_order_id), findings, is_ours)
    names = {report.client_order_id for report in shown.open_orders}
    for order in book.orders:
        if order.status in RESTING and order.client_order_id not in names:
            findings.absent.append(order)
        findings.in_transit += order.status in IN_TRANSIT
    _fills(book, shown, findings)
    return findings


def _open_order(
    report: OrderReport,
    order: BookOrder | None,
    findings: Findings,
    is_ours: Callable[[str], bool],
) -> None:
    if order is None:
        findings.compared += 1
        findings.differences.append(_stranger(report, is_ours=is_ours(report.client_order_id)))
    elif order.status in RESTING:
        if report.filled > order.filled:
            findings.told.append(report)
    else:
        # in transit, unsent, or ended: the venue's word goes to `absorb`
        findings.told.append(report)
        if order.status not in IN_TRANSIT:
            findings.differences.append(_status(order, report.status))


def _stranger(report: OrderReport, *, is_ours: bool) -> Difference:
    kind = "unknown_order" if is_ours else "foreign_order"
    subject = report.client_order_id if is_ours else f"{report.symbol} {report.venue_order_id}"
    return Difference(kind, subject, "critical", venue=order_json(report))


def _status(order: BookOrder, status: str) -> Difference:
    return Difference(
        "status", order.client_order_id, "warning",
        book={"status": order.status, "filled": plain(order.filled)}, venue={"status": status},
    )  # fmt: skip


def vanished(order: BookOrder) -> Difference:
    """Return the difference of an order of ours that the venue says it does not know."""
    return Difference(
        "status", order.client_order_id, "critical",
        book={"status": order.status, "filled": plain(order.filled)}, venue={"status": "absent"},
    )  # fmt: skip


def _fills(book: Book, shown: Shown, findings: Findings) -> None:
    ours = {(o.symbol, o.venue_order_id) for o in book.orders if o.venue_order_id}
    ours |= book.known_order_ids
    unnamed = {o.symbol for o in book.orders if not o.venue_order_id and o.status in IN_TRANSIT}
    names = {o.client_order_id for o in book.orders}
    seen = set()
    for fill in shown.fills:
        key = (fill.symbol, fill.venue_order_id, fill.venue_trade_id)
        seen.add(key)
        if key in book.fills:
            if book.fills[key] != fill.amount:
                findings.differences.append(_amount(fill, plain(book.fills[key])))
        elif key[:2] in ours or fill.client_order_id in names:
            findings.missed.append(fill)
        elif fill.symbol in unnamed:
            findings.in_doubt += 1
        else:
            findings.differences.append(_foreign_fill(fill))
    for key in sorted(book.fills.keys() - seen):
        amounts = {"book": {"amount": plain(book.fills[key])}, "venue": {"amount": "absent"}}
        findings.differences.append(Difference("amount", " ".join(key), "critical", **amounts))


def _amount(fill: FillReport, amount: str) -> Difference:
    subject = f"{fill.symbol} {fill.venue_order_id} {fill.venue_trade_id}"
    return Difference(
        "amount", subject, "critical",
        book={"amount": amount}, venue={"amount": plain(fill.amount)},
    )  # fmt: skip


def _foreign_fill(fill: FillReport) -> Difference:
    return Difference(
        "foreign_fill", f"{fill.symbol} {fill.venue_order_id}", "critical", venue=fill_json(fill)
    )


def order_json(report: OrderReport) -> dict[str, str]:
    """Return an order report as evidence."""
    return {
        "client_order_id": report.client_order_id,
        "venue_order_id": report.venue_order_id,
        "symbol": report.symbol,
        "status": report.status,
        "side": report.side,
        "type": report.type,
        "amount": plain(report.amount),
        "filled": plain(report.filled),
    }


def fill_json(fill: FillReport) -> dict[str, str]:
    """Return a fill report as evidence."""
    return {
        "venue_order_id": fill.venue_order_id,
        "venue_trade_id": fill.venue_trade_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "price": plain(fill.price),
        "amount": plain(fill.amount),
    }
