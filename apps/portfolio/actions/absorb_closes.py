"""Absorb what a venue closed by itself: liquidation, auto-deleverage, settlement.

Such an execution has no order of ours. It becomes one of the bots that held the closed side, so that
no fill is lost and every position stays the sum of its fills; the bots stop and a person looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog

from apps.core.actor import Actor
from apps.core.clock import from_ms
from apps.core.domain.money import ZERO, plain
from apps.core.ids import new_id
from apps.marketdata.clock import market_now
from apps.orders.actions.advance_orders import advance_orders
from apps.orders.actions.record_fills import record_fills
from apps.orders.domain.facts import number
from apps.orders.domain.progress import Said, advance
from apps.orders.domain.rows import Advanced, FactRow, KnownOrder, NewFill
from apps.portfolio.actions.book_fills import book_fills
from apps.portfolio.actions.end_targets import end_targets
from apps.portfolio.actions.record_venue_orders import Key, VenueClose, record_venue_orders
from apps.portfolio.domain.books import Pair
from apps.portfolio.domain.closes import (
    Holder,
    allocate,
    close_kind,
    divide,
    is_perpetual,
    kind_of_name,
)
from apps.portfolio.queries import (
    foreign_fills,
    holders,
    known_trades,
    orders_closed_by_venue,
    perpetuals,
    symbols_in_motion,
)
from apps.risk.actions.restrict import restrict

log = structlog.get_logger(__name__)
ACTOR: Final = Actor.task("portfolio.absorb")
CODE: Final = "LIQUIDATED"
RESULT: Final = "liquidation"


@dataclass(slots=True)
class Closed:
    """What came of the facts: the new fills, a result per fact, and facts that must wait."""

    fills: list[NewFill] = field(default_factory=list)
    results: dict[int, str] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """One bot's part of a trade, before its order row is known."""

    fact: FactRow
    holder: Holder
    amount: Decimal
    cost: Decimal
    fee: Decimal
    realised: Decimal


def closes_among(
    *, account_id: UUID, facts: Sequence[FactRow]
) -> tuple[dict[int, str], list[FactRow]]:
    """Return what each fact of a venue's own close says it is, and those facts.

    With them come trades told without a name whose order the venue names elsewhere, and such
    trades that were taken for foreign before it did.
    """
    kinds = {fact.id: kind for fact in facts if (kind := close_kind(fact))}
    names = {fact.venue_order_id: kinds[fact.id] for fact in facts if fact.id in kinds}
    nameless = [
        fact.venue_order_id
        for fact in facts
        if fact.id not in kinds and not fact.client_order_id and is_perpetual(fact)
    ]
    if nameless:
        told = orders_closed_by_venue(account_id=account_id, venue_order_ids=nameless)
        names |= {order: kind_of_name(name) for order, name in told.items()}
    if not names:
        return {}, []
    earlier = foreign_fills(account_id=account_id, venue_order_ids=list(names))
    kinds |= {
        fact.id: names[fact.venue_order_id]
        for fact in (*facts, *earlier)
        if fact.venue_order_id in names and not fact.client_order_id
    }
    return kinds, [fact for fact in (*facts, *earlier) if fact.id in kinds]


def absorb_closes(
    *, account_id: UUID, kinds: dict[int, str], facts: Sequence[FactRow], at: datetime
) -> Closed:
    """Book the closes among `facts` to the bots that held; `kinds` says of each fact what it is.

    The account's other facts are absorbed first and its absorb lock is held. What exceeds the bots'
    holdings was not theirs: the fact of a trade that no bot held for is `foreign`. It waits while
    an order of ours may have fills that we have not heard of.
    """
    closed = Closed(results={fact.id: RESULT for fact in facts})
    if not facts:
        return closed
    trades = sorted(
        (fact for fact in facts if fact.kind == "fill"),
        key=lambda fact: (fact.content["at_ms"], len(fact.content["venue_trade_id"]), fact.content["venue_trade_id"]),
    )  # fmt: skip
    known = known_trades(account_id=account_id, venue_order_ids=[t.venue_order_id for t in trades])
    found = perpetuals(account_id=account_id, symbols=[t.content["symbol"] for t in trades])
    left = holders(account_id=account_id, instrument_ids=list(found.values()))
    moving = symbols_in_motion(account_id=account_id)
    parts: list[_Part] = []
    for fact in trades:
        symbol = fact.content["symbol"]
        key = (symbol, fact.venue_order_id, fact.content["venue_trade_id"])
        if key in known:
            continue
        known.add(key)
        mine = left.get(found.get(symbol, 0), {})
        if symbol in moving and _closable(fact, mine) < number(fact.content, "amount"):
            closed.results.pop(fact.id)
            closed.waiting.append(fact.id)
            continue
        divided = _divided(fact, mine)
        parts += divided
        if not divided:
            closed.results[fact.id] = "foreign"
    if parts:
        closed.fills = _book(account_id, parts, kinds, at)
    return closed


def _closable(fact: FactRow, left: dict[UUID, Holder]) -> Decimal:
    """Return how much the bots hold on the side that a trade closes, base units."""
    sign = 1 if fact.content["side"] == "sell" else -1
    return sum((max(ZERO, sign * holder.amount) for holder in left.values()), ZERO)


def _divided(fact: FactRow, left: dict[UUID, Holder]) -> list[_Part]:
    """Return each bot's part of a trade and take it from what the bots have left."""
    content = fact.content
    sign = 1 if content["side"] == "sell" else -1
    held = {bot: sign * h.amount for bot, h in left.items() if sign * h.amount > 0}
    amount = number(content, "amount")
    step = next(iter(left.values())).amount_step if left else Decimal(1)
    parts = allocate(amount=amount, holdings=held, step=step)
    if sum(parts.values(), ZERO) < amount:
        log.error("close.beyond_holdings", symbol=content["symbol"], order=fact.venue_order_id)
    worth = {
        name: divide(value=Decimal(content.get(name, "0")), parts=parts, whole=amount)
        for name in ("cost", "fee", "realised")
    }
    found = []
    for bot, part in sorted(parts.items()):
        holder = left[bot]
        found.append(
            _Part(fact, holder, part, worth["cost"][bot], worth["fee"][bot], worth["realised"][bot])
        )
        left[bot] = holder.less(sign * part)
    return found


def _book(
    account_id: UUID, parts: Sequence[_Part], kinds: dict[int, str], at: datetime
) -> list[NewFill]:
    closes = {
        _key(part): VenueClose(
            part.holder, part.fact.content["symbol"], part.fact.venue_order_id,
            part.fact.content["side"], part.amount, number(part.fact.content, "price"),
            kinds[part.fact.id],
        )
        for part in parts
    }  # fmt: skip
    orders = record_venue_orders(account_id=account_id, closes=closes, at=at)
    fills = record_fills(
        account_id=account_id, fills=[_fill(part, orders[_key(part)]) for part in parts], at=at
    )
    _advance(fills, at)
    settles = {part.holder.instrument_id: part.holder.settle for part in parts}
    book_fills(account_id=account_id, fills=fills, settles=settles, at=at)
    _stop_bots({(c.holder.bot_id, c.holder.instrument_id): c for c in closes.values()})
    return fills


def _key(part: _Part) -> Key:
    fact, holder = part.fact, part.holder
    trade = fact.content["venue_trade_id"]
    return (holder.bot_id, holder.instrument_id, fact.venue_order_id, trade)


def _fill(part: _Part, order: KnownOrder) -> NewFill:
    content = part.fact.content
    return NewFill(
        id=new_id(),
        order=order,
        venue_order_id=order.progress.venue_order_id,
        venue_trade_id=content["venue_trade_id"],
        side=content["side"],
        liquidity=content["liquidity"],
        price=number(content, "price"),
        amount=part.amount,
        cost=part.cost,
        fee=part.fee,
        fee_asset=content["fee_asset"],
        at=from_ms(content["at_ms"]),
        realised=part.realised,
        is_liquidation=True,
    )


def _advance(fills: Sequence[NewFill], at: datetime) -> None:
    said: dict[UUID, list[Said]] = defaultdict(list)
    found = {}
    for fill in fills:
        found[fill.order.id] = fill.order
        said[fill.order.id].append(Said(fill_amount=fill.amount, fill_cost=fill.cost))
    advanced = [
        Advanced(order=order, step=advance(order.progress, said[order.id]))
        for order in found.values()
    ]
    advance_orders(advanced=advanced, at=at)


def _stop_bots(closes: dict[Pair, VenueClose]) -> None:
    """End the targets and halt the bots: what the venue closed is not bought again by a cycle."""
    end_targets(stopped=dict.fromkeys(closes, market_now()))
    for (bot_id, _), close in sorted(closes.items()):
        reason = (
            f"{close.kind} by the venue: {close.side} {plain(close.amount)} {close.symbol}"
            f" at {plain(close.price)}, order {close.venue_order_id}"
        )
        restrict(
            actor=ACTOR, state="halted", code=CODE, reason=reason,
            scope_kind="bot", scope_id=str(bot_id),
        )  # fmt: skip
        log.error("position.closed_by_venue", bot=str(bot_id), close=close.kind, reason=reason)
