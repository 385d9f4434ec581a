"""Carry new fills to positions, round trips, days and the ledger, and end targets they stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from apps.core.domain.money import ZERO
from apps.orders.domain.rows import KnownOrder, NewFill
from apps.portfolio.actions.end_targets import end_targets
from apps.portfolio.actions.post_entries import Posting, post_entries
from apps.portfolio.actions.write_books import Owner, write_books
from apps.portfolio.domain.books import Change, Pair, add_fills, is_late, rebuild
from apps.portfolio.domain.ledger import Exchange, lines_of_fill
from apps.portfolio.domain.position import Execution, State, Unit, apply_fills, is_flat
from apps.portfolio.queries import executions, known_trades, states

Settles = Mapping[int, str]


def book_fills(
    *, account_id: UUID, fills: Sequence[NewFill], settles: Settles, at: datetime
) -> None:
    """Book recorded `fills` in the caller's transaction, which holds the account's absorb lock.

    `settles` names the asset that each perpetual pays in, by instrument.
    """
    if not fills:
        return
    changes = _write_positions(account_id, fills, settles, at)
    postings = [_posting(fill, settles) for fill in fills]
    post_entries(account_id=account_id, postings=postings, at=at)
    _remember_stops(fills, changes, settles)


def complete_profits(
    *, account_id: UUID, fills: Sequence[NewFill], settles: Settles
) -> list[NewFill]:
    """Return `fills` with a profit on each of a perpetual.

    Where the venue does not tell its figure it is what the bot made by its own average cost, which
    is the venue's as long as one bot an account holds the perpetual.
    """
    silent = [f for f in fills if f.order.instrument_id in settles and f.realised is None]
    if not silent:
        return list(fills)
    ids = sorted({fill.venue_order_id for fill in silent})
    known = known_trades(account_id=account_id, venue_order_ids=ids)
    pairs = {(f.order.bot_id, f.order.instrument_id) for f in silent}
    held = states(pairs=pairs)
    found: dict[UUID, NewFill] = {}
    for fill in sorted(silent, key=lambda f: execution_of(f).key):
        if (fill.order.symbol, fill.venue_order_id, fill.venue_trade_id) in known:
            continue
        pair = (fill.order.bot_id, fill.order.instrument_id)
        state = held.setdefault(pair, State())
        before = state.realised_profit
        apply_fills(state=state, fills=[execution_of(fill)], unit=unit_of(fill.order, settles))
        found[fill.id] = replace(fill, realised=state.realised_profit - before)
    return [found.get(fill.id, fill) for fill in fills]


def unit_of(order: KnownOrder, settles: Settles) -> Unit:
    """Return what the amounts of the order's instrument mean."""
    return Unit(
        order.base, order.quote, order.amount_step, settles.get(order.instrument_id, "")
    )  # fmt: skip


def execution_of(fill: NewFill) -> Execution:
    """Return a fill as the books need it."""
    return Execution(
        fill.side, fill.price, fill.amount, fill.fee, fill.fee_asset, fill.at,
        fill.venue_order_id, fill.venue_trade_id,
    )  # fmt: skip


def _write_positions(
    account_id: UUID, new: Sequence[NewFill], settles: Settles, at: datetime
) -> dict[Pair, Change]:
    fills: dict[Pair, list[Execution]] = defaultdict(list)
    orders: dict[Pair, KnownOrder] = {}
    for fill in new:
        pair = (fill.order.bot_id, fill.order.instrument_id)
        orders[pair] = fill.order
        fills[pair].append(execution_of(fill))
    held = states(pairs=fills)
    late = [p for p in fills if is_late(state=held.get(p, State()), fills=fills[p])]
    earlier = executions(pairs=late, but=[fill.id for fill in new]) if late else {}
    changes = {}
    for pair, order in orders.items():
        unit = unit_of(order, settles)
        if pair in earlier:
            changes[pair] = rebuild(earlier=earlier[pair], fills=fills[pair], unit=unit)
        else:
            changes[pair] = add_fills(state=held.get(pair, State()), fills=fills[pair], unit=unit)
    owners = {pair: Owner(account_id, order.stage) for pair, order in orders.items()}
    write_books(changes=changes, owners=owners, at=at)
    return changes


def _posting(fill: NewFill, settles: Settles) -> Posting:
    order = fill.order
    exchange = Exchange(
        fill.side, order.base, order.quote, fill.amount, fill.cost, fill.fee, fill.fee_asset,
        settles.get(order.instrument_id, ""), fill.realised or ZERO,
    )  # fmt: skip
    return Posting("fill", fill.at, lines_of_fill(exchange), fill_id=fill.id)


def _remember_stops(
    new: Sequence[NewFill], changes: Mapping[Pair, Change], settles: Settles
) -> None:
    """A stop or a halt's flatten ends the target, until the strategy changes its mind."""
    flat: dict[Pair, datetime] = {}
    for fill in new:
        order = fill.order
        pair = (order.bot_id, order.instrument_id)
        unit = unit_of(order, settles)
        if order.purpose in {"protect", "flatten"} and is_flat(changes[pair].state.amount, unit):
            flat[pair] = max(fill.at, flat.get(pair, fill.at))
    end_targets(stopped=flat)
