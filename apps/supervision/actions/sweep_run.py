"""Cancel what a halt forbids, until the venue shows none of it."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from apps.core.actor import Actor
from apps.core.clock import now
from apps.orders.actions.request_cancels import request_cancels
from apps.orders.actions.resolve_orders import resolve_orders
from apps.orders.actions.send_cancels import send_cancels
from apps.orders.domain.client_ids import bears_our_mark
from apps.portfolio.actions.absorb import absorb
from apps.supervision.models import HaltRun
from apps.supervision.queries import (
    WHOLE_ACCOUNT,
    HaltedOrder,
    known_names,
    orders_in_scope,
    orders_named,
)
from apps.venues import gateways
from apps.venues.domain.reports import OrderReport
from apps.venues.gateways.gateway import Gateway
from apps.venues.gateways.loop import call
from apps.venues.queries import credentials

CONTROL: Final = Actor.task("control")
SWEPT: Final = frozenset({"entry", "reduce"})
# Reads are tried three times with waits of up to 10 s.
READ_SECONDS: Final = 60.0
CANCEL_SECONDS: Final = 10.0


def sweep_run(*, run: HaltRun) -> int:
    """Cancel the run's orders once more and return how many may still have an effect.

    Entries and reductions go; protective stops only with a flatten. The run is verified when
    neither our books nor the venue show any left. Orders of others are never touched.

    :raises VenueError: when the venue cannot be asked.
    """
    swept = SWEPT | {"protect"} if run.restriction.flatten else SWEPT
    account_id = run.account_id
    ids = [order.id for order in _unfinished(run) if order.purpose in swept]
    run.canceled += request_cancels(order_ids=ids, actor=CONTROL, cause="halt")
    absorb(account_id=account_id)
    if ids:
        send_cancels(account_id=account_id, order_ids=ids)
        resolve_orders(account_id=account_id)
        absorb(account_id=account_id)
    left = {o.client_order_id for o in _unfinished(run) if o.purpose in swept}
    left |= _left_at_venue(run, swept)
    run.remaining = len(left)
    if not left and run.verified_at is None:
        run.verified_at = now()
    run.save(update_fields=["canceled", "remaining", "verified_at"])
    return run.remaining


def _unfinished(run: HaltRun) -> list[HaltedOrder]:
    return orders_in_scope(restriction=run.restriction, account_id=run.account_id)


def _left_at_venue(run: HaltRun, swept: frozenset[str]) -> set[str]:
    """Return the ids the venue still shows open; what our books think is over is cancelled anew."""
    gateway = gateways.gateway(credentials(account_id=run.account_id))
    shown = {
        report.client_order_id: report
        for report in call(gateway.open_orders(), timeout=READ_SECONDS)
    }
    named = orders_named(
        restriction=run.restriction, account_id=run.account_id, client_order_ids=list(shown)
    )
    left = {order.client_order_id for order in named if order.purpose in swept}
    unfinished = {order.client_order_id for order in _unfinished(run)}
    if run.restriction.scope_kind in WHOLE_ACCOUNT:
        left |= _unknown(list(shown))
    for name in sorted(left - unfinished):
        _cancel(gateway, shown[name])
    return left


def _unknown(names: list[str]) -> set[str]:
    """Return the ids that bear the desk's mark and that our books do not know."""
    marked = {name for name in names if bears_our_mark(name, settings.DESK_MARK_KEY)}
    return marked - known_names(sorted(marked)) if marked else set()


def _cancel(gateway: Gateway, report: OrderReport) -> None:
    call(gateway.cancel_order(report.symbol, report.client_order_id), timeout=CANCEL_SECONDS)
