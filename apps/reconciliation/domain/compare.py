"""Compare our orders and fills with the venue's: a pure function of two pictures.

The venue's picture must have been taken before the book's: an order row commits before anything
leaves (I1), so whatever of ours the venue shows is in the later book.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from apps.core.domain.money import ZERO, plain
from apps.reconciliation.domain.differences import (
    Book,
    BookFill,
    BookOrder,
    Difference,
    FillKey,
    Findings,
    Shown,
)
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
    foreign: dict[str, list[FillReport]] = {}
    for fill in shown.fills:
        key = (fill.symbol, fill.venue_order_id, fill.venue_trade_id)
        seen.add(key)
        if key in book.fills:
            findings.differences.extend(unlike(booked=book.fills[key], fill=fill))
        elif key[:2] in ours or fill.client_order_id in names or fill.is_liquidation:
            findings.missed.append(fill)
        elif fill.symbol in unnamed:
            findings.in_doubt += 1
        else:
            foreign.setdefault(f"{fill.symbol} {fill.venue_order_id}", []).append(fill)
    findings.differences.extend(
        Difference("foreign_fill", subject, "critical", venue=foreign_json(fills))
        for subject, fills in foreign.items()
    )
    findings.differences.extend(
        unshown(key=key, booked=book.fills[key]) for key in sorted(book.fills.keys() - seen)
    )


def unlike(*, booked: BookFill, fill: FillReport) -> list[Difference]:
    """Return in what a fill that both have differs: its amount, price or side, or its fee."""
    subject = f"{fill.symbol} {fill.venue_order_id} {fill.venue_trade_id}"
    if (booked.side, booked.price, booked.amount) != (fill.side, fill.price, fill.amount):
        return [Difference("amount", subject, "critical", _terms(booked), _terms(fill))]
    if booked.fee != fill.fee or (booked.fee and booked.fee_asset != fill.fee_asset):
        return [
            Difference(
                "fee", subject, "warning",
                book={"fee": plain(booked.fee), "asset": booked.fee_asset},
                venue={"fee": plain(fill.fee), "asset": fill.fee_asset},
            )
        ]  # fmt: skip
    return []


def unshown(*, key: FillKey, booked: BookFill) -> Difference:
    """Return the difference of a fill that we booked and the venue does not show."""
    return Difference(
        "amount", " ".join(key), "critical", book=_terms(booked), venue={"amount": "absent"}
    )


def _terms(fill: BookFill | FillReport) -> dict[str, str]:
    return {"side": fill.side, "amount": plain(fill.amount), "price": plain(fill.price)}


def foreign_json(fills: list[FillReport]) -> dict[str, Any]:
    """Return the fills of one order that is not ours, summed and one by one."""
    first = fills[0]
    return {
        "venue_order_id": first.venue_order_id,
        "client_order_id": first.client_order_id,
        "symbol": first.symbol,
        "side": first.side,
        "amount": plain(sum((fill.amount for fill in fills), ZERO)),
        "cost": plain(sum((fill.cost for fill in fills), ZERO)),
        "fills": [fill_json(fill) for fill in fills],
    }


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
        "price": "" if report.price is None else plain(report.price),
        "stop_price": "" if report.stop_price is None else plain(report.stop_price),
        "trailing_rate": "" if report.trailing_rate is None else plain(report.trailing_rate),
        "position_side": report.position_side,
        "at_ms": str(report.at_ms),
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
        "cost": plain(fill.cost),
        "fee": plain(fill.fee),
        "fee_asset": fill.fee_asset,
        "liquidity": fill.liquidity,
        "at_ms": str(fill.at_ms),
        "realised": "" if fill.realised is None else plain(fill.realised),
    }
