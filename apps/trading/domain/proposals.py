"""From a wish to the order that is proposed to the judge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from apps.bots.domain.execution import Execution
from apps.core.domain.money import ZERO, floor_to, nearest_to
from apps.risk.domain.forms import ProposedOrder, Reference
from apps.trading.domain.batch import Price
from apps.trading.domain.protection import worst_price
from apps.trading.domain.wishes import Wish


def propose(
    *, wish: Wish, account_id: UUID, bot_id: UUID, price: Price | None, leaving: Decimal, order_type: str
) -> ProposedOrder | None:  # fmt: skip
    """Return the order that a wish asks for, or None when nothing is left to order.

    `leaving` = base units in unfinished exits. Amounts are floored to the step. An entry waits
    while an exit is under way; an exit takes at most what is held and not already leaving.
    """
    rules, instrument = wish.instrument.rules, wish.instrument
    reference = (
        None if price is None else Reference(price.price, price.age_seconds, price.source_venue)
    )
    side = "buy" if wish.delta > ZERO else "sell"
    if wish.action == "ENTER":
        amount = floor_to(abs(wish.delta), rules.amount_step)
        if leaving > ZERO or amount <= ZERO:
            return None
        limit = (
            nearest_to(price.price, rules.price_tick) if price and order_type == "limit" else None
        )
        return ProposedOrder(
            account_id, bot_id, instrument.id, "entry", side, order_type if limit else "market",
            amount, price=limit, reference=reference,
        )  # fmt: skip
    room = abs(wish.held.amount) - leaving if wish.delta * wish.held.amount < ZERO else ZERO
    amount = floor_to(min(abs(wish.delta), room), rules.amount_step)
    if amount < max(rules.amount_step, rules.amount_min):
        return None
    return ProposedOrder(
        account_id, bot_id, instrument.id, "reduce", side, "market", amount, reference=reference
    )


def guarded(*, proposed: ProposedOrder, execution: Execution, tick: Decimal) -> ProposedOrder:
    """Return the proposal as the bot trades: exits priced if it wants that, market orders guarded.

    A limit exit stands at the reference price; without one it goes at market, unguarded.
    """
    reference = proposed.reference
    if reference is None or proposed.type != "market":
        return proposed
    if proposed.purpose == "reduce" and execution.exit_order_type == "limit":
        price = nearest_to(reference.price, tick)
        if price > ZERO:
            return replace(proposed, type="limit", price=price)
    rate = execution.slippage_rate(proposed.purpose)
    worst = worst_price(side=proposed.side, arrival=reference.price, rate=rate, tick=tick)
    return replace(proposed, worst_price=worst)
