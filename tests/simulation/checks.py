"""What must be true when it is over: the book is the venue, and no invariant is broken."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.orders import invariants as of_orders
from apps.orders.domain.lifecycle import FINAL
from apps.portfolio import invariants as of_books
from tests.simulation.world import World

VENUE_ENDS = {"FILLED": "filled", "CANCELED": "canceled", "EXPIRED": "expired"}


def rows(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def broken_invariants() -> dict[str, list[tuple[Any, ...]]]:
    """Return what breaks an invariant, by its name, over the whole database."""
    found = {}
    for name, (_, statement) in (of_orders.INVARIANTS | of_books.INVARIANTS).items():
        broken = rows(statement)
        if broken:
            found[name] = broken
    return found


def differences(world: World) -> list[str]:
    """Return where the books differ from the venue, or an order has no proved end."""
    return [*_orders(world), *_fills(world), *_balances(world), *_positions(world), *_cases(world)]


def _orders(world: World) -> list[str]:
    ours = {
        row[0]: row[1:]
        for row in rows(
            "SELECT client_order_id, status, filled, venue_order_id FROM orders_order"
            " WHERE account_id = %s",
            [world.account_id],
        )
    }
    there = [o for o in world.exchange.orders() if not o.client_order_id.startswith("web_")]
    twice = [name for name, n in Counter(o.client_order_id for o in there).items() if n > 1]
    found = [f"two orders at the venue for {name}" for name in twice]
    for order in there:
        known = ours.get(order.client_order_id)
        if known is None:
            found.append(f"unknown order at the venue {order.client_order_id}")
        elif known[1] != order.filled or (
            known[0] != VENUE_ENDS.get(order.status, "open")
            and not (order.status == "EXPIRED" and known[0] == "canceled")
        ):
            found.append(
                f"{order.client_order_id} book {known} venue {order.status} {order.filled}"
            )
    arrived = {order.client_order_id for order in there}
    for name, (status, filled, _) in ours.items():
        if status not in FINAL and status != "open":
            found.append(f"{name} has no end: {status}")
        if name not in arrived and (status not in {"withdrawn", "rejected"} or filled):
            found.append(f"{name} is {status}, and not at the venue")
    return found


def _fills(world: World) -> list[str]:
    ours = set(
        rows(
            "SELECT venue_order_id, venue_trade_id, side, price, amount, cost, fee, fee_asset"
            " FROM orders_fill WHERE account_id = %s",
            [world.account_id],
        )
    )
    foreign = {
        str(o.order_id) for o in world.exchange.orders() if o.client_order_id.startswith("web_")
    }
    there = {
        (f.venue_order_id, f.venue_trade_id, f.side, f.price, f.amount, f.cost, f.fee, f.fee_asset)
        for f in world.exchange.fills()
        if f.venue_order_id not in foreign
    }
    return [f"only in the book: {f}" for f in sorted(ours - there)] + [
        f"only at the venue: {f}" for f in sorted(there - ours)
    ]


def _balances(world: World) -> list[str]:
    booked = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [world.account_id]
        )
    )
    there = dict(world.exchange.balances())
    for asset, amount in world.foreign_change().items():
        there[asset] = there.get(asset, Decimal(0)) - amount
    return [
        f"balance {asset}: book {booked.get(asset, 0)} venue {there.get(asset, 0)}"
        for asset in sorted(booked.keys() | there.keys())
        if booked.get(asset, 0) != there.get(asset, 0)
    ]


def _positions(world: World) -> list[str]:
    held = dict(
        rows(
            "SELECT i.symbol, sum(p.amount) FROM portfolio_position p"
            " JOIN marketdata_instrument i ON i.id = p.instrument_id"
            " WHERE p.account_id = %s GROUP BY 1",
            [world.account_id],
        )
    )
    bought: Counter[str] = Counter()
    booked = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [world.account_id]
        )
    )
    opened = {asset: Decimal(amount) for asset, amount in world.rows.balances.items()}
    for symbol in world.rows.prices:
        base = symbol.split("/")[0]
        bought[symbol] = booked.get(base, Decimal(0)) - opened.get(base, Decimal(0))
    return [
        f"position {symbol}: {held.get(symbol, 0)} ledger {amount}"
        for symbol, amount in sorted(bought.items())
        if held.get(symbol, 0) != amount
    ]


def _cases(world: World) -> list[str]:
    found = rows(
        "SELECT kind, subject FROM reconciliation_case WHERE account_id = %s AND state = 'open'",
        [world.account_id],
    )
    expected = {"foreign_fill", "foreign_order", "balance"} if world.foreign_change() else set()
    return [f"open case {kind} {subject}" for kind, subject in found if kind not in expected]
