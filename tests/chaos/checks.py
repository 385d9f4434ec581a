"""What must be true after a crash: the books are the exchange's, and no invariant is broken."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection

from apps.bots.models import Bot
from apps.ops.queries import invariants, violations
from tests import databases

ENDS = {"FILLED": "filled", "CANCELED": "canceled", "EXPIRED": "expired", "NEW": "open"}


def rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def broken_invariants() -> list[str]:
    """Return the invariants that rows break, over the whole database."""
    found = []
    for name, rule in sorted(invariants().items()):
        count, sample = violations(rule, sample=2)
        if count:
            found.append(f"{name}: {count} rows, {sample}")
    return found


class Venue:
    """The exchange's own tables of one account."""

    def __init__(self, database: str, account: str) -> None:
        dsn = databases.ACCESS.database_url("desk_simulator", database)
        with psycopg.connect(dsn, autocommit=True) as connection:

            def ask(statement: str) -> list[tuple[Any, ...]]:
                mine = " WHERE account_id = (SELECT id FROM simulator_account WHERE name = %s)"
                return connection.execute(statement + mine, [account]).fetchall()

            self.orders = ask(
                "SELECT client_order_id, order_id::text, status, filled FROM simulator_order"
            )
            self.trades = ask(
                "SELECT order_id::text, trade_id::text, lower(side), price, amount, cost, fee, fee_asset"
                " FROM simulator_trade"
            )
            self.balances = {
                asset: total
                for asset, total in ask("SELECT asset, free + locked FROM simulator_balance")
                if total
            }


def differences(*, account: Any, venue: Venue) -> list[str]:
    """Return where the desk's books differ from the exchange, or anything was dropped or doubled."""
    ours = {
        row[0]: row[1:]
        for row in rows(
            "SELECT client_order_id, venue_order_id, status, filled FROM orders_order"
            " WHERE account_id = %s",
            [account.id],
        )
    }
    counted = Counter(order[0] for order in venue.orders)
    found = [f"{n} orders at the venue for {name}" for name, n in counted.items() if n > 1]
    for name, number, status, filled in venue.orders:
        if ours.get(name) != (number, ENDS.get(status, status), filled):
            found.append(f"{name}: book {ours.get(name)}, venue {(number, status, filled)}")
    for name, (_, status, filled) in ours.items():
        if name not in counted and (status not in {"rejected", "withdrawn"} or filled):
            found.append(f"{name}: {status} {filled}, not at the venue")
    fills = set(
        rows(
            "SELECT venue_order_id, venue_trade_id, side, price, amount, cost, fee, fee_asset"
            " FROM orders_fill WHERE account_id = %s",
            [account.id],
        )
    )
    found += [f"fill {fill} at one side only" for fill in fills ^ set(venue.trades)]
    balances = dict(
        rows(
            "SELECT asset, amount FROM portfolio_balance WHERE account_id = %s AND amount <> 0",
            [account.id],
        )
    )
    if balances != venue.balances:
        found.append(f"balances: book {balances}, venue {venue.balances}")
    waiting = rows(
        "SELECT count(*) FROM orders_venuefact WHERE account_id = %s"
        " AND (absorbed_at IS NULL OR result NOT IN ('applied', ''))",
        [account.id],
    )[0][0]
    return found + ([f"{waiting} facts dropped or foreign"] if waiting else [])


def unlike_one_exposure(*, bot: Bot, side: str) -> list[str]:
    """Return what is wrong with a bot that should have traded once on `side`, whatever happened."""
    told = rows(
        "SELECT status, purpose, amount, filled, status_reason FROM orders_order"
        " WHERE bot_id = %s AND side = %s AND purpose IN ('entry', 'reduce')",
        [bot.id, side],
    )
    done = [row for row in told if row[3]]
    if len(done) != 1 or done[0][2] != done[0][3] or done[0][0] != "filled":
        return [f"{side}: {told}"]
    return []


def traces(bot: Bot) -> list[tuple[Any, ...]]:
    """Return all that the desk knows of a bot's orders (JSON text), to see that nothing touched them."""
    return rows(
        "SELECT to_jsonb(o)::text, (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id)::text"
        " FROM orders_orderevent e WHERE e.order_id = o.id) FROM orders_order o WHERE bot_id = %s ORDER BY id",
        [bot.id],
    )


def changes(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> list[str]:
    """Return what differs between two traces of a bot's orders, in words."""
    if len(before) != len(after):
        return [f"{len(before)} orders became {len(after)}: {after[len(before) :]}"]
    found: list[str] = []
    for one, other in zip(before, after, strict=True):
        (old, told), (new, tells) = (map(json.loads, row) for row in (one, other))
        found += [f"{name}: {old[name]} → {new[name]}" for name in old if old[name] != new[name]]
        found += [f"event {event}" for event in tells if event not in told]
    return found


def held(bot: Bot) -> Decimal:
    """Return what a bot holds."""
    found = rows(
        "SELECT coalesce(sum(amount), 0) FROM portfolio_position WHERE bot_id = %s", [bot.id]
    )
    return Decimal(found[0][0])


def late_departures(account: Any) -> list[str]:
    """Return orders that left the process later than their permit allows."""
    late = rows(
        "SELECT o.client_order_id, (w.at - o.submitted_at)::text FROM orders_wirecall w"
        " JOIN orders_order o ON o.id = w.order_id WHERE o.account_id = %s AND w.verb = 'create'"
        " AND w.at > o.submitted_at + interval '4.5 seconds'",
        [account.id],
    )
    return [f"{name} left {after} after its claim" for name, after in late]
