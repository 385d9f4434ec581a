"""The price an entry relies on: there, fresh, its own venue's, and close to what the order asks."""

from __future__ import annotations

from decimal import Decimal

from apps.risk.domain.checks.numbers import usable_price
from apps.risk.domain.checks.question import NONE, Question, Refusals
from apps.risk.domain.defaults import ALWAYS
from apps.risk.domain.forms import EffectiveLimits, Refusal


def _limit(limits: EffectiveLimits | None, name: str) -> Decimal:
    value = limits.tightest(name) if limits is not None else None
    return ALWAYS[name] if value is None else value


def freshness(question: Question) -> Refusals:
    """Refuse an entry without a usable price of its own venue, or with one older than `data_age` s."""
    reference = question.proposed.reference
    if reference is None or not usable_price(reference.price):
        return (Refusal("PRICE_UNREADABLE"),)
    if reference.source_venue:
        return (Refusal("PRICE_FROM_ELSEWHERE", {"value": reference.source_venue}),)
    age_max = _limit(question.around.limits, "data_age")
    # negated, so that an age that is not a number refuses too
    if not reference.age_seconds <= float(age_max):
        age = round(reference.age_seconds, 3) if reference.age_seconds < 1e9 else None
        return (Refusal("STALE_PRICE", {"limit": age_max, "value": age, "would_pass": age_max}),)
    return NONE


def collar(question: Question) -> Refusals:
    """Refuse limit, trigger and worst prices further than `price_collar` from the reference."""
    proposed = question.proposed
    reference = proposed.reference
    if reference is None or not usable_price(reference.price):
        return NONE
    width = _limit(question.around.limits, "price_collar")
    reach = reference.price * width
    low, high = reference.price - reach, reference.price + reach
    return tuple(
        Refusal("PRICE_COLLAR", {"limit": width, "value": price, "would_pass": [low, high]})
        for price in (proposed.price, proposed.stop_price, proposed.worst_price)
        if price is not None and not low <= price <= high
    )
