"""Turn what the venue said into fills, order progress, positions and ledger: the one writer of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.core.bell import ring_after_commit
from apps.core.clock import from_ms, now
from apps.core.ids import new_id
from apps.orders.actions.advance_orders import advance_orders
from apps.orders.actions.close_facts import close_facts
from apps.orders.actions.record_fills import record_fills
from apps.orders.domain.assignment import Assignment, assign
from apps.orders.domain.facts import number
from apps.orders.domain.lifecycle import FINAL
from apps.orders.domain.progress import Said, advance
from apps.orders.domain.rows import Advanced, FactRow, KnownOrder, NewFill
from apps.orders.queries import has_waiting_facts, lock_known_orders, unnamed_symbols, waiting_facts
from apps.portfolio.actions.absorb_closes import Closed, absorb_closes, closes_among
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.book_fills import book_fills, complete_profits
from apps.portfolio.domain.books import Pair
from apps.portfolio.queries import settles

BATCH: Final = 2000


@dataclass(slots=True)
class AbsorbSummary:
    """What was drawn from the facts.

    `touched` are the (bot, instrument) pairs whose position or orders changed; `ended` the orders
    that reached their end; `flagged` orders with fills beyond their amount or after their end.
    """

    facts: int = 0
    fills: int = 0
    foreign: int = 0
    waiting: int = 0
    touched: set[Pair] = field(default_factory=set)
    ended: set[UUID] = field(default_factory=set)
    flagged: set[UUID] = field(default_factory=set)


def absorb(*, account_id: UUID) -> AbsorbSummary:
    """Absorb the account's waiting facts, in any order and however often they were told.

    Absorbing twice, or by two at once, changes nothing more: facts are closed in the transaction
    that draws their consequences, one account at a time.
    """
    summary = AbsorbSummary()
    if not has_waiting_facts(account_id=account_id):
        return summary
    after = 0
    while True:
        with transaction.atomic():
            absorb_lock(account_id=account_id)
            facts = waiting_facts(account_id=account_id, after=after, limit=BATCH)
            if facts:
                _absorb_batch(account_id, facts, summary)
        if len(facts) < BATCH:
            break
        after = facts[-1].id
    if summary.touched:
        ring_after_commit("orders", "positions")
    return summary


def _absorb_batch(account_id: UUID, facts: Sequence[FactRow], summary: AbsorbSummary) -> None:
    at = now()
    # what the venue closed by itself comes last: the holdings that it closed must be booked
    kinds, closes = closes_among(account_id=account_id, facts=facts)
    facts = [fact for fact in facts if fact.id not in kinds]
    orders = lock_known_orders(
        account_id=account_id,
        client_order_ids=[fact.client_order_id for fact in facts],
        venue_order_ids=[fact.venue_order_id for fact in facts],
    )
    nameless = any(not fact.client_order_id for fact in facts)
    unnamed = unnamed_symbols(account_id=account_id) if nameless else frozenset()
    assignment = assign(facts=facts, orders=orders, unnamed_symbols=unnamed)
    told = [_fill(fact, order) for fact, order in assignment.ours if fact.kind == "fill"]
    instruments = {fill.order.instrument_id for fill in told}
    settled_in = settles(instrument_ids=instruments) if instruments else {}
    told = complete_profits(account_id=account_id, fills=told, settles=settled_in)
    new = record_fills(account_id=account_id, fills=told, at=at)
    advanced = _advance(assignment, new)
    advance_orders(advanced=[a for a in advanced if a.step.after != a.order.progress], at=at)
    book_fills(account_id=account_id, fills=new, settles=settled_in, at=at)
    closed = absorb_closes(account_id=account_id, kinds=kinds, facts=closes, at=at)
    _close(assignment, advanced, closed, at)
    _count(summary, assignment, closed, advanced)
    summary.fills += len(new) + len(closed.fills)
    touched = {(f.order.bot_id, f.order.instrument_id) for f in (*new, *closed.fills)}
    summary.touched |= touched


def _fill(fact: FactRow, order: KnownOrder) -> NewFill:
    content = fact.content
    return NewFill(
        id=new_id(),
        order=order,
        venue_order_id=fact.venue_order_id,
        venue_trade_id=content["venue_trade_id"],
        side=content["side"],
        liquidity=content["liquidity"],
        price=number(content, "price"),
        amount=number(content, "amount"),
        cost=number(content, "cost"),
        fee=number(content, "fee"),
        fee_asset=content["fee_asset"],
        at=from_ms(content["at_ms"]),
        realised=number(content, "realised") if "realised" in content else None,
        is_liquidation=bool(content.get("is_liquidation")),
    )


def _advance(assignment: Assignment, new: Sequence[NewFill]) -> list[Advanced]:
    said: dict[UUID, list[Said]] = defaultdict(list)
    for fact, order in assignment.ours:
        heard = Said(venue_order_id=fact.venue_order_id)
        if fact.kind == "order":
            filled = number(fact.content, "filled")
            heard = Said(fact.venue_order_id, fact.content["status"], filled)
        said[order.id].append(heard)
    for fill in new:
        said[fill.order.id].append(Said(fill_amount=fill.amount, fill_cost=fill.cost))
    orders = {order.id: order for _, order in assignment.ours}
    return [
        Advanced(order=order, step=advance(order.progress, said[order.id]))
        for order in orders.values()
    ]


def _close(
    assignment: Assignment, advanced: Sequence[Advanced], closed: Closed, at: datetime
) -> None:
    flags = {a.order.id: a.step.flag for a in advanced}
    results = {fact.id: flags[order.id] or "applied" for fact, order in assignment.ours}
    results |= {fact.id: "foreign" for fact in assignment.foreign}
    results |= closed.results
    waiting = [fact.id for fact in assignment.waiting] + closed.waiting
    close_facts(results=results, waiting=waiting, at=at)


def _count(
    summary: AbsorbSummary,
    assignment: Assignment,
    closed: Closed,
    advanced: Sequence[Advanced],
) -> None:
    foreign = len(assignment.foreign) + list(closed.results.values()).count("foreign")
    summary.facts += len(assignment.ours) + len(assignment.foreign) + len(closed.results)
    summary.foreign += foreign
    summary.waiting += len(assignment.waiting) + len(closed.waiting)
    for a in advanced:
        if a.step.path:
            summary.touched.add((a.order.bot_id, a.order.instrument_id))
        if a.step.path and a.step.after.status in FINAL:
            summary.ended.add(a.order.id)
        if a.step.flag:
            summary.flagged.add(a.order.id)
