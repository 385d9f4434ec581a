"""What a check looks at: the proposal, its surroundings, and the figures derived from both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.risk.domain.checks.numbers import usable_price
from apps.risk.domain.forms import ProposedOrder, Refusal, Surroundings

Refusals = tuple[Refusal, ...]
NONE: Final[Refusals] = ()


@dataclass(slots=True)
class Question:
    """`price` = reservation price in quote per base, `cost` = amount × price; None without one."""

    proposed: ProposedOrder
    around: Surroundings
    price: Decimal | None
    cost: Decimal | None


Check = Callable[[Question], Refusals]


def reservation_price(proposed: ProposedOrder) -> Decimal | None:
    """Return the price at which an order is counted, quote per base.

    A buy is counted at its own worst price (limit, else trigger), which it can never exceed but
    for a stop_market's slippage; a market order, and any sell, at the higher of that and the
    reference.
    """
    own = proposed.price if proposed.price is not None else proposed.stop_price
    market = proposed.reference.price if proposed.reference is not None else None
    if market is not None and not usable_price(market):
        market = None
    if own is None:
        return market
    if proposed.side == "buy" or market is None:
        return own
    return max(own, market)


def ask(*, proposed: ProposedOrder, around: Surroundings) -> Question:
    """Return the question with its derived figures."""
    price = reservation_price(proposed)
    cost = None if price is None else proposed.amount * price
    return Question(proposed, around, price, cost)


def refuse(code: str, *, limit: object, value: object, would_pass: object) -> Refusals:
    """Return one refusal with the number found and the number that would pass."""
    return (Refusal(code, {"limit": limit, "value": value, "would_pass": would_pass}),)
