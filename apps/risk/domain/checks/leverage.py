"""Perpetuals: leverage, margin, and a liquidation price that the stop must come before."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from apps.core.domain.money import ZERO
from apps.risk.domain.checks.question import NONE, Question, Refusals, refuse
from apps.risk.domain.defaults import ALWAYS
from apps.risk.domain.forms import Margin, Refusal

# Where a venue does not tell what it keeps as margin.
MAINTENANCE_RATE: Final = Decimal("0.02")
SHOWN: Final = Decimal("0.000001")


def margin_known(question: Question) -> Refusals:
    """Refuse an entry on a perpetual about whose margin nothing was read."""
    around = question.around
    return (
        (Refusal("MARGIN_UNREADABLE"),) if around.kind == "linear" and not around.margin else NONE
    )


def venue_setting(question: Question) -> Refusals:
    """Refuse an entry while the venue is not set to the config's leverage and margin mode."""
    margin = question.around.margin
    if margin is None or not margin.problem:
        return NONE
    values = {"value": margin.problem, "leverage": margin.leverage, "margin_mode": margin.mode}
    return (Refusal("LEVERAGE_NOT_SET", values),)


def leverage(question: Question) -> Refusals:
    """Refuse a leverage above the tightest limit, or above what the venue gives."""
    margin, limits = question.around.margin, question.around.limits
    if margin is None:
        return NONE
    most = _limit(question, "leverage") if limits is not None else ALWAYS["leverage"]
    found: Refusals = NONE
    if margin.leverage > most:
        found += refuse("LEVERAGE_LIMIT", limit=most, value=margin.leverage, would_pass=most)
    if margin.leverage_max is not None and margin.leverage > margin.leverage_max:
        most = margin.leverage_max
        found += refuse("LEVERAGE_AT_VENUE", limit=most, value=margin.leverage, would_pass=most)
    return found


def margin_available(question: Question) -> Refusals:
    """Refuse an entry whose margin the account does not have, settle units."""
    margin, cost = question.around.margin, question.cost
    if margin is None or cost is None:
        return NONE
    collateral = margin.collateral
    if collateral.equity is None:
        return (Refusal("MARGIN_UNREADABLE"),)
    free = collateral.equity - collateral.used
    wanted = cost / margin.leverage
    if wanted <= free:
        return NONE
    room = max(ZERO, free)
    return refuse("MARGIN_UNAVAILABLE", limit=room, value=wanted, would_pass=room)


def liquidation(question: Question) -> Refusals:
    """Refuse an entry that would be liquidated before its stop, or too soon after it.

    Distances are fractions of the entry price. An isolated position has its own margin; a cross
    one the account's equity, shared by all that is open, as if all of it moved against us.
    """
    margin, cost = question.around.margin, question.cost
    if margin is None or cost is None or margin.collateral.equity is None:
        return NONE
    distance = max(ZERO, _distance(margin, cost)).quantize(SHOWN)
    if distance <= margin.stop_loss:
        return refuse(
            "LIQUIDATION_BEFORE_STOP", limit=distance, value=margin.stop_loss, would_pass=distance
        )
    most = _limit(question, "liquidation_share")
    share = (margin.stop_loss / distance).quantize(SHOWN)
    if share <= most:
        return NONE
    return refuse("LIQUIDATION_TOO_NEAR", limit=most, value=share, would_pass=distance * most)


def _distance(margin: Margin, cost: Decimal) -> Decimal:
    kept = MAINTENANCE_RATE if margin.maintenance_rate is None else margin.maintenance_rate
    if margin.mode == "isolated":
        return 1 / margin.leverage - kept
    collateral = margin.collateral
    assert collateral.equity is not None
    return collateral.equity / (collateral.value + cost) - kept


def _limit(question: Question, name: str) -> Decimal:
    limits = question.around.limits
    value = limits.tightest(name) if limits is not None else None
    return ALWAYS[name] if value is None else value
