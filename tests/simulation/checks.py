"""What must be true when it is over: the book is the venue, and no invariant is broken."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.orders import invariants as of_orders
from apps.orders.domain.lifecycle import FINAL
from apps.portfolio import invariants as of_books
from apps.reconciliation import invariants as of_cases
from apps.venues.gateways.families.binanceusdm_rows import FORCED
from tests.simulation.venue import BY_HAND
from tests.simulation.world import World

INVARIANTS = of_orders.INVARIANTS | of_books.INVARIANTS | of_cases.INVARIANTS
MADE_BY_VENUE = "venue:"
# how the books may call an order that the venue calls so
ENDS = {
    "open": {"open", "partially_filled"}, "closed": {"filled"},
    # what was asked to end may have ended by itself
    "expired": {"expired", "canceled"}, "canceled": {"canceled", "expired"},
}  # fmt: skip


def is_ours(client_order_id: str) -> bool:
    return not client_order_id.startswith((BY_HAND, *FORCED))


def rows(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def broken_invariants() -> dict[str, list[tuple[Any, ...]]]:
    """Return what breaks an invariant, by its name, over the whole database."""
    found = {}
    for name, (_, statement) in INVARIANTS.items():
        broken = rows(statement)
        if broken:
            found[name] = broken
    return found


def differences(world: World) -> list[str]:
    """Return where the books differ from the venue, or an order has no proved end."""
    looks = (_orders, _fills, _balances, _positions, _cases, _strangers)
    return [words for look in looks for words in look(world)]


def _orders(world: World) -> list[str]:
    ours = {
        row[0]: row[1:]
        for row in rows(
            "SELECT client_order_id, status, filled, venue_order_id FROM orders_order"
            " WHERE account_id = %s",
            [world.account_id],
        )
    }
    there = [o for o in world.exchange.orders() if is_ours(o.client_order_id)]
    twice = [name for name, n in Counter(o.client_order_id for o in there).items() if n > 1]
    found = [f"two orders at the venue for {name}" for name in twice]
    for order in there:
        known = ours.get(order.client_order_id)
        if known is None:
            found.append(f"unknown order at the venue {order.client_order_id}")
        elif known[1] != order.filled or (known[0] not in ENDS.get(order.status, {order.status})):
            found.append(
                f"{order.client_order_id} book {known} venue {order.status} {order.filled}"
            )
    arrived = {order.client_order_id for order in there}
    for name, (status, filled, _) in ours.items():
        if status not in FINAL and status not in ENDS["open"]:
            found.append(f"{name} has no end: {status}")
        if name.startswith(MADE_BY_VENUE):
            continue
        if name not in arrived and (status not in {"withdrawn", "rejected"} or filled):
            found.append(f"{name} is {status}, and not at the venue")
    return found


def _fills(world: World) -> list[str]:
    ours = set(
        rows(
            # what the venue closed of several bots at once is booked in parts
            "SELECT split_part(venue_order_id, '#', 1), venue_trade_id, side, price, sum(amount),"
            " sum(cost), sum(fee), fee_asset FROM orders_fill WHERE account_id = %s"
            " GROUP BY 1, 2, 3, 4, 8",
            [world.account_id],
        )
    )
    foreign = {trade.venue_order_id for trade in world.exchange.strange_trades()}
    there = {
        (f.venue_order_id, f.venue_trade_id, f.side, f.price, f.amount, f.cost, f.fee, f.fee_asset)
        for f in world.exchange.fills()
        if f.venue_order_id not in foreign
    }
    return [f"only in the book: {f}" for f in sorted(ours - there)] + [
        f"only at the venue: {f}" for f in sorted(there - ours)
    ]


def foreign_change(world: World) -> dict[str, Decimal]:
    """Return what trades and transfers past the desk did to each balance at the venue."""
    change: Counter[str] = Counter(world.exchange.transfers)
    for trade in world.exchange.strange_trades():
        base, quote = trade.symbol.partition(":")[0].split("/")
        sign = 1 if trade.side == "buy" else -1
        if trade.realised is None:
            change[base] += sign * trade.amount
            change[quote] -= sign * trade.cost
        else:
            change[quote] += trade.realised
        change[trade.fee_asset] -= trade.fee
    return dict(change)


def _balances(world: World) -> list[str]:
    booked = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [world.account_id]
        )
    )
    there = dict(world.exchange.balances())
    for asset, amount in foreign_change(world).items():
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
    there = _contracts(world) if world.rows.market.is_linear else _bought(world)
    return [
        f"position {symbol}: {held.get(symbol, 0)} venue {amount}"
        for symbol, amount in sorted(there.items())
        if held.get(symbol, 0) != amount
    ]


def _bought(world: World) -> Counter[str]:
    """Return what the ledger holds of each pair's base asset beyond its opening."""
    booked = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s", [world.account_id]
        )
    )
    bought: Counter[str] = Counter()
    for symbol in world.rows.market.prices:
        base = symbol.split("/")[0]
        opened = Decimal(world.rows.market.balances.get(base, 0))
        bought[symbol] = booked.get(base, Decimal(0)) - opened
    return bought


def _contracts(world: World) -> Counter[str]:
    """Return the venue's net position of each perpetual, less what was traded past the desk."""
    net: Counter[str] = Counter(dict.fromkeys(world.rows.market.prices, Decimal(0)))
    for position in world.contracts.positions():
        net[position.symbol] += position.amount
    for trade in world.exchange.strange_trades():
        net[trade.symbol] -= trade.amount if trade.side == "buy" else -trade.amount
    return net


def _strangers(world: World) -> list[str]:
    """Return where the desk laid hands on what is not ours, or went on beside a stranger."""
    found = [f"cancelled {n}" for n in world.border.cancelled if n.startswith(BY_HAND)]
    acted = any(o.client_order_id.startswith(BY_HAND) for o in world.exchange.orders())
    restricted = rows(
        "SELECT 1 FROM risk_restriction WHERE lifted_at IS NULL AND scope_kind = 'account'"
        " AND scope_id = %s AND code = 'FOREIGN_ACTIVITY'",
        [str(world.account_id)],
    )
    return found + (
        ["a stranger traded, the account trades on"] if acted and not restricted else []
    )


def _cases(world: World) -> list[str]:
    found = rows(
        "SELECT kind, subject FROM reconciliation_case WHERE account_id = %s AND state = 'open'",
        [world.account_id],
    )
    return [
        f"open case {kind} {subject}" for kind, subject in found if kind not in world.expected_cases
    ]
