"""The judge: a pure function of a proposal and of what surrounds it.

Entries fail closed: whatever cannot be read refuses. Exits and protection need only an amount
within the position, and terms that the venue would take as far as its rules are known; they go
out even when prices or limits are unreadable.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from apps.core.domain.money import ZERO
from apps.risk.domain.checks.caps import at_scopes, order_cost, position_cost, readable
from apps.risk.domain.checks.leaving import exit_amount, protected_amount
from apps.risk.domain.checks.leverage import (
    leverage,
    liquidation,
    margin_available,
    margin_known,
    venue_setting,
)
from apps.risk.domain.checks.numbers import numbers
from apps.risk.domain.checks.permission import paused, slots_of, stop_slots, tradable, trading_state
from apps.risk.domain.checks.prices import collar, freshness
from apps.risk.domain.checks.question import Check, Question, ask
from apps.risk.domain.checks.shape import at_venue, expiry, flags, parts, trailing, trigger_side
from apps.risk.domain.checks.terms import amount_step, cost_minimum, price_tick
from apps.risk.domain.forms import Judgement, ProposedOrder, Refusal, Surroundings

TERMS: Final[tuple[Check, ...]] = (
    parts, flags, expiry, trailing, trigger_side, at_venue, amount_step, price_tick, cost_minimum,
)  # fmt: skip
CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "entry": (
        trading_state, paused, tradable, readable, freshness, collar, *TERMS,
        order_cost, position_cost, at_scopes, stop_slots,
        margin_known, venue_setting, leverage, margin_available, liquidation,
    ),
    "reduce": (trading_state, *TERMS, exit_amount),
    "protect": (*TERMS, protected_amount),
    "flatten": (*TERMS, exit_amount),
}  # fmt: skip


def judge(*, proposed: ProposedOrder, around: Surroundings) -> Judgement:
    """Return every refusal that speaks against `proposed`, and what it would reserve (quote).

    Changes nothing; `reserve` records an allowed order. Only entries reserve a cost.
    """
    checks = CHECKS.get(proposed.purpose)
    if checks is None:
        return _refused(Refusal("PURPOSE_UNKNOWN", {"value": proposed.purpose}))
    if refusals := numbers(proposed):
        return Judgement(refusals, None, ZERO)
    try:
        question = ask(proposed=proposed, around=around)
        found = [refusal for check in checks for refusal in check(question)]
    except InvalidOperation:
        # comparing with a NaN that came from the books or a limit
        return _refused(Refusal("NOT_A_NUMBER", {"field": "surroundings"}))
    return Judgement(tuple(found), question.price, _reserved(question))


def reserve(*, proposed: ProposedOrder, judgement: Judgement, around: Surroundings) -> None:
    """Add an allowed order to its surroundings, so that the next of the batch sees it."""
    if not judgement.is_allowed:
        return
    holding = around.holding
    for exposure in around.exposure.values():
        if exposure.open_orders is not None:
            exposure.open_orders += 1
        if exposure.gross_cost is not None:
            exposure.gross_cost += judgement.reserved_cost
    holding.entering_cost += judgement.reserved_cost
    if around.margin is not None and judgement.reserved_cost:
        collateral = around.margin.collateral
        collateral.used += judgement.reserved_cost / around.margin.leverage
        collateral.value += judgement.reserved_cost
    if proposed.purpose in {"reduce", "flatten"}:
        holding.leaving += proposed.amount
    _take_slots(around, slots_of(proposed))


def _take_slots(around: Surroundings, count: int) -> None:
    """An entry promises its stop a slot; a stop order takes one."""
    around.holding.stop_orders += count
    if around.slots is not None:
        around.slots.taken += count


def _reserved(question: Question) -> Decimal:
    if question.proposed.purpose != "entry" or question.cost is None:
        return ZERO
    return question.cost


def _refused(refusal: Refusal) -> Judgement:
    return Judgement((refusal,), None, ZERO)
