"""The order's own terms against the instrument's rules."""

from __future__ import annotations

from apps.core.domain.money import ceil_to, floor_to, nearest_to
from apps.risk.domain.checks.question import NONE, Question, Refusals, refuse
from apps.risk.domain.forms import Refusal


def amount_step(question: Question) -> Refusals:
    """Refuse an amount below the minimum or off the step, base units."""
    rules, amount = question.around.rules, question.proposed.amount
    if rules is None:
        return NONE
    if amount < rules.amount_min:
        return refuse(
            "AMOUNT_BELOW_MINIMUM",
            limit=rules.amount_min,
            value=amount,
            would_pass=rules.amount_min,
        )
    if amount % rules.amount_step:
        aligned = floor_to(amount, rules.amount_step)
        return refuse("AMOUNT_OFF_STEP", limit=rules.amount_step, value=amount, would_pass=aligned)
    return NONE


def price_tick(question: Question) -> Refusals:
    """Refuse a limit, trigger or worst price off the tick, quote per base."""
    rules, proposed = question.around.rules, question.proposed
    if rules is None:
        return NONE
    tick = rules.price_tick
    return tuple(
        Refusal(
            "PRICE_OFF_TICK", {"limit": tick, "value": price, "would_pass": nearest_to(price, tick)}
        )
        for price in (proposed.price, proposed.stop_price, proposed.worst_price)
        if price is not None and price % tick
    )


def cost_minimum(question: Question) -> Refusals:
    """Refuse a cost below the venue's minimum, quote units; skipped where no price is known."""
    rules, cost, price = question.around.rules, question.cost, question.price
    if rules is None or cost is None or price is None or cost >= rules.cost_min:
        return NONE
    return (
        Refusal(
            "COST_BELOW_MINIMUM",
            {
                "limit": rules.cost_min,
                "value": cost,
                "would_pass": rules.cost_min,
                "amount_would_pass": ceil_to(rules.cost_min / price, rules.amount_step),
            },
        ),
    )
