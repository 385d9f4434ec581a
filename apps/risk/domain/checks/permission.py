"""May this purpose trade here and now: restrictions, pause, the instrument itself."""

from __future__ import annotations

from apps.risk.domain.checks.question import NONE, Question, Refusals
from apps.risk.domain.forms import ProposedOrder, Refusal
from apps.risk.domain.restrictions import permits


def trading_state(question: Question) -> Refusals:
    """Refuse what the strictest restriction in force forbids; an unreadable one forbids entries."""
    state, purpose = question.around.trading_state, question.proposed.purpose
    if state is None:
        return (Refusal("STATE_UNREADABLE"),) if purpose == "entry" else NONE
    if permits(state=state, purpose=purpose):
        return NONE
    return (Refusal(f"TRADING_{state.upper()}", {"value": state, "purpose": purpose}),)


def paused(question: Question) -> Refusals:
    """Refuse entries of a paused bot."""
    return (Refusal("BOT_PAUSED"),) if question.around.is_paused else NONE


def tradable(question: Question) -> Refusals:
    """Refuse entries where the instrument's rules are unknown or it is not traded."""
    rules = question.around.rules
    if rules is None:
        return (Refusal("RULES_UNREADABLE"),)
    return NONE if rules.is_tradable else (Refusal("INSTRUMENT_NOT_TRADABLE"),)


def stop_slots(question: Question) -> Refusals:
    """Refuse an entry for whose protective stop the venue has no room left."""
    around = question.around
    if around.rules is None:
        return NONE
    taken = around.slots.taken if around.slots is not None else around.holding.stop_orders
    most = around.rules.stop_orders_max
    wanted = taken + slots_of(question.proposed)
    if wanted <= most:
        return NONE
    return (Refusal("STOP_SLOTS", {"limit": most, "value": wanted, "would_pass": most}),)


def slots_of(proposed: ProposedOrder) -> int:
    """Return how many of the venue's stop orders an order takes: its own, and its entry's stop."""
    return int(proposed.purpose == "entry") + int(proposed.type not in {"market", "limit"})
