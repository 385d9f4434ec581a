"""Take the venue's word for an order of ours that it no longer knows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.core.actor import Actor
from apps.core.bell import ring_after_commit
from apps.core.clock import now, to_ms
from apps.core.domain.money import ZERO
from apps.core.errors import Conflict
from apps.orders.actions.store_facts import store_facts
from apps.orders.models import Order
from apps.portfolio.actions.absorb import absorb
from apps.reconciliation.actions.lock_case import demand_reason, end_case, lock_case
from apps.reconciliation.domain.adjustments import NotThisWay
from apps.reconciliation.models import Case
from apps.venues import gateways
from apps.venues.domain.reports import FillReport, OrderReport
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

READ_SECONDS: Final = 60.0
# An absence proves nothing while the order may still arrive.
OLD_ENOUGH: Final = timedelta(seconds=60)


class NotProven(Conflict):
    """The venue's word is not proof enough yet; try again later."""

    default_code = "VENUE_NOT_PROVEN"


def accept_venue(*, actor: Actor, case_id: UUID, reason: str) -> Case:
    """Ask the venue once more; what it then says of the order, and of its fills, is booked.

    An order that it does not know has ended, with the fills that it still shows.

    :raises CaseNotFound, CaseClosed, NotThisWay: only an order's status is settled so.
    :raises NotProven: the order is younger than a minute.
    :raises VenueError: the venue cannot be read, which proves nothing.
    """
    words = demand_reason(reason)
    with transaction.atomic():
        case = lock_case(case_id=case_id)
    check_acceptable(case)
    order = Order.objects.select_related("instrument").get(client_order_id=case.subject)
    if now() - (order.submitted_at or order.decided_at) < OLD_ENOUGH:
        raise NotProven(order=case.subject, would_pass=str(OLD_ENOUGH))
    report, fills = _ask(case.account_id, order)
    with transaction.atomic():
        case = lock_case(case_id=case_id)
        store_facts(account_id=case.account_id, source="reconcile", orders=[report], fills=fills)
        absorb(account_id=case.account_id)
        end_case(
            case=case, actor=actor, verb="accept", resolution=f"{words} (venue: {report.status})"
        )
        ring_after_commit("reconcile", "orders", "positions", "fleet")
    return case


def check_acceptable(case: Case) -> None:
    """Allow to take the venue's word in this case.

    :raises NotThisWay: for any other kind than an order's status.
    """
    if case.kind != "status":
        raise NotThisWay(kind=case.kind, way="accept the venue's word")


def _ask(account_id: UUID, order: Order) -> tuple[OrderReport, list[FillReport]]:
    gateway = gateways.gateway(credentials(account_id=account_id))
    symbol = order.instrument.symbol
    found = call(gateway.order(symbol, order.client_order_id), timeout=READ_SECONDS)
    fills: list[FillReport] = []
    if order.venue_order_id:
        fills = call(
            gateway.fills(symbol, venue_order_id=order.venue_order_id), timeout=READ_SECONDS
        )
    if found is not None:
        return found, fills
    filled = sum((fill.amount for fill in fills), ZERO)
    return _gone(order, symbol, max(filled, order.filled)), fills


def _gone(order: Order, symbol: str, filled: Decimal) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_order_id, venue_order_id=order.venue_order_id, symbol=symbol,
        status="canceled", side=order.side, type=order.type, amount=order.amount, filled=filled,
        cost=ZERO, price=order.price, stop_price=order.stop_price, at_ms=to_ms(now()),
    )  # fmt: skip
