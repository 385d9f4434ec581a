"""Limits on cost, position, exposure, loss and open orders: reserved + open + filled ≤ limit."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.risk.domain.checks.question import NONE, Question, Refusals, refuse
from apps.risk.domain.forms import Exposure, Refusal


def readable(question: Question) -> Refusals:
    """Refuse an entry whose limits cannot be read, or whose stage demands limits nobody set."""
    limits = question.around.limits
    if limits is None:
        return (Refusal("LIMITS_UNREADABLE"),)
    return tuple(Refusal("LIMIT_MISSING", {"name": name}) for name in limits.missing)


def order_cost(question: Question) -> Refusals:
    """Refuse an order that costs more than the tightest `order_cost`, quote units."""
    limits, cost = question.around.limits, question.cost
    limit = limits.tightest("order_cost") if limits is not None else None
    if limit is None or cost is None or cost <= limit:
        return NONE
    return refuse("ORDER_COST", limit=limit, value=cost, would_pass=limit)


def position_cost(question: Question) -> Refusals:
    """Refuse what would bring held + entering + this order above `position_cost`, quote units."""
    limits, cost, holding = question.around.limits, question.cost, question.around.holding
    limit = limits.tightest("position_cost") if limits is not None else None
    if limit is None or cost is None:
        return NONE
    held = ZERO
    if holding.amount:
        mark = holding.mark if holding.mark is not None else question.price
        assert mark is not None
        held = abs(holding.amount) * mark
    total = held + holding.entering_cost + cost
    if total <= limit:
        return NONE
    room = max(ZERO, limit - held - holding.entering_cost)
    return refuse("POSITION_COST", limit=limit, value=total, would_pass=room)


def at_scopes(question: Question) -> Refusals:
    """Refuse what would pass a limit of any scope: gross exposure, daily loss, open orders.

    A limit at a scope whose exposure cannot be read refuses (`EXPOSURE_UNREADABLE`).
    """
    around, cost = question.around, question.cost
    if around.limits is None or cost is None:
        return NONE
    found: list[Refusal] = []
    for scope, limits in around.limits.by_scope.items():
        exposure = around.exposure.get(scope)
        for name, measure in MEASURES.items():
            limit = limits.get(name)
            if limit is None:
                continue
            refusal = measure(exposure, limit, cost)
            if refusal is not None:
                refusal.values["scope"] = scope
                found.append(refusal)
    return tuple(found)


def _unreadable(name: str) -> Refusal:
    return Refusal("EXPOSURE_UNREADABLE", {"name": name})


def _gross_exposure(exposure: Exposure | None, limit: Decimal, cost: Decimal) -> Refusal | None:
    if exposure is None or exposure.gross_cost is None:
        return _unreadable("gross_exposure")
    total = exposure.gross_cost + cost
    if total <= limit:
        return None
    room = max(ZERO, limit - exposure.gross_cost)
    return Refusal("GROSS_EXPOSURE", {"limit": limit, "value": total, "would_pass": room})


def _daily_loss(exposure: Exposure | None, limit: Decimal, _cost: Decimal) -> Refusal | None:
    if exposure is None or exposure.daily_result is None:
        return _unreadable("daily_loss")
    loss = -exposure.daily_result
    if loss < limit:
        return None
    return Refusal("DAILY_LOSS", {"limit": limit, "value": loss, "would_pass": limit})


def _open_orders(exposure: Exposure | None, limit: Decimal, _cost: Decimal) -> Refusal | None:
    if exposure is None or exposure.open_orders is None:
        return _unreadable("open_orders")
    count = exposure.open_orders + 1
    if count <= limit:
        return None
    return Refusal("OPEN_ORDERS", {"limit": limit, "value": count, "would_pass": limit})


MEASURES = {
    "gross_exposure": _gross_exposure,
    "daily_loss": _daily_loss,
    "open_orders": _open_orders,
}
