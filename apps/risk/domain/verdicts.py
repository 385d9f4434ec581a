"""A verdict as plain JSON: what was proposed and what spoke against it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core.domain.money import plain
from apps.risk.domain.forms import Judgement, ProposedOrder, Refusal


@dataclass(frozen=True, slots=True)
class VerdictItem:
    """One judged proposal to record; `cycle_at` = scheduled_for of its cycle, market time."""

    proposed: ProposedOrder
    judgement: Judgement
    at: datetime
    cycle_at: datetime | None = None


def as_json(value: Any) -> Any:
    """Return `value` as JSON can hold it exactly: decimals as plain text."""
    if isinstance(value, Decimal):
        return plain(value) if value.is_finite() else str(value)
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """Return `{"code": …, "limit": …, "value": …, "would_pass": …}`."""
    return {"code": refusal.code} | {key: as_json(value) for key, value in refusal.values.items()}


def proposal_json(proposed: ProposedOrder) -> dict[str, Any]:
    """Return the proposal's terms and the reference price it was judged against."""
    terms = {
        "purpose": proposed.purpose,
        "side": proposed.side,
        "type": proposed.type,
        "amount": as_json(proposed.amount),
        "price": as_json(proposed.price),
        "stop_price": as_json(proposed.stop_price),
        "time_in_force": proposed.time_in_force,
        "reduce_only": proposed.reduce_only,
    }
    later = {
        "trailing_rate": as_json(proposed.trailing_rate),
        "worst_price": as_json(proposed.worst_price),
        "post_only": proposed.post_only or None,
        "expires_at": proposed.expires_at.isoformat() if proposed.expires_at else None,
    }
    terms |= {name: value for name, value in later.items() if value is not None}
    if proposed.reference is not None:
        terms["reference"] = as_json(proposed.reference.price)
        age = proposed.reference.age_seconds
        terms["reference_age_seconds"] = round(age, 3) if abs(age) < 1e12 else None
    return terms
