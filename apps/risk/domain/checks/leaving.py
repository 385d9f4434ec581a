"""Orders that leave a position never take more than is held."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.risk.domain.checks.question import NONE, Question, Refusals, refuse
from apps.risk.domain.forms import Holding


def _held(holding: Holding, side: str) -> Decimal:
    """Return what `side` can take away from the holding, base units."""
    return max(ZERO, holding.amount if side == "sell" else -holding.amount)


def exit_amount(question: Question) -> Refusals:
    """Refuse an exit above held − already leaving, base units."""
    proposed, holding = question.proposed, question.around.holding
    room = _held(holding, proposed.side) - holding.leaving
    if proposed.amount <= room:
        return NONE
    room = max(ZERO, room)
    return refuse("REDUCE_EXCEEDS_POSITION", limit=room, value=proposed.amount, would_pass=room)


def protected_amount(question: Question) -> Refusals:
    """Refuse a protective order above what is held, base units; exits in flight do not count."""
    proposed = question.proposed
    held = _held(question.around.holding, proposed.side)
    if proposed.amount <= held:
        return NONE
    return refuse("PROTECT_EXCEEDS_POSITION", limit=held, value=proposed.amount, would_pass=held)
