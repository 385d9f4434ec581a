"""Whether an order's terms belong together, and whether its venue can do them."""

from __future__ import annotations

from typing import Final

from apps.risk.domain.checks.numbers import usable_price
from apps.risk.domain.checks.question import NONE, Question, Refusals, refuse
from apps.risk.domain.forms import ProposedOrder, Refusal
from apps.venues.domain.capabilities import How, capability

# type -> which of price, stop_price, trailing_rate it must have; a trailing stop's trigger is optional
NEEDS: Final[dict[str, frozenset[str]]] = {
    "market": frozenset(),
    "limit": frozenset({"price"}),
    "stop_market": frozenset({"stop_price"}),
    "stop_limit": frozenset({"price", "stop_price"}),
    "take_profit_market": frozenset({"stop_price"}),
    "take_profit_limit": frozenset({"price", "stop_price"}),
    "trailing_stop_market": frozenset({"trailing_rate"}),
}
OPTIONAL: Final[dict[str, frozenset[str]]] = {"trailing_stop_market": frozenset({"stop_price"})}
TIMES: Final = ("GTC", "IOC", "FOK", "GTD")


def parts(question: Question) -> Refusals:
    """Refuse an unknown type, a price that its type lacks, and one that it does not take."""
    proposed = question.proposed
    needed = NEEDS.get(proposed.type)
    if needed is None:
        return (Refusal("TYPE_UNKNOWN", {"value": proposed.type, "would_pass": list(NEEDS)}),)
    taken = needed | OPTIONAL.get(proposed.type, frozenset())
    found = []
    for name in ("price", "stop_price", "trailing_rate"):
        value = getattr(proposed, name)
        if value is None and name in needed:
            found.append(Refusal(f"{name.upper()}_REQUIRED", {"type": proposed.type}))
        elif value is not None and name not in taken:
            found.append(Refusal(f"{name.upper()}_NOT_TAKEN", {"type": proposed.type}))
    return tuple(found)


def flags(question: Question) -> Refusals:
    """Refuse combinations of type, time in force and post_only that mean nothing."""
    proposed, found = question.proposed, []
    if proposed.time_in_force not in TIMES:
        found.append(
            Refusal(
                "TIME_IN_FORCE_UNKNOWN",
                {"value": proposed.time_in_force, "would_pass": list(TIMES)},
            )
        )
    if proposed.post_only and proposed.type != "limit":
        found.append(
            Refusal("POST_ONLY_NEEDS_LIMIT", {"value": proposed.type, "would_pass": "limit"})
        )
    if proposed.time_in_force in {"IOC", "FOK"}:
        if proposed.post_only:
            values = {"value": proposed.time_in_force, "would_pass": "GTC"}
            found.append(Refusal("POST_ONLY_NEVER_IMMEDIATE", values))
        if proposed.type != "limit":
            found.append(
                Refusal("IMMEDIATE_NEEDS_LIMIT", {"value": proposed.type, "would_pass": "limit"})
            )
    return tuple(found)


def expiry(question: Question) -> Refusals:
    """Refuse a GTD order without its end, an end in the past, and an end without GTD."""
    proposed, at = question.proposed, question.around.market_now
    if proposed.time_in_force != "GTD":
        return NONE if proposed.expires_at is None else (Refusal("EXPIRY_NEEDS_GTD"),)
    if proposed.expires_at is None:
        return (Refusal("EXPIRY_REQUIRED"),)
    if proposed.type == "market":
        return (Refusal("EXPIRY_NEEDS_RESTING_ORDER", {"value": "market", "would_pass": "limit"}),)
    if at is not None and proposed.expires_at <= at:
        values = {"value": proposed.expires_at.isoformat(), "limit": at.isoformat()}
        return (Refusal("EXPIRY_PAST", values | {"would_pass": f"> {at.isoformat()}"}),)
    return NONE


def trailing(question: Question) -> Refusals:
    """Refuse a trailing distance outside the venue's bounds or off its step."""
    rate, around = question.proposed.trailing_rate, question.around
    if rate is None:
        return NONE
    row = capability(venue=around.venue, kind=around.kind)
    misfit = row.trailing_fits(rate)
    if misfit is None:
        return NONE
    code, passes = misfit
    limit: object = [row.trailing_min, row.trailing_max]
    limit = row.trailing_step if code == "TRAILING_OFF_STEP" else limit
    return refuse(code, limit=limit, value=rate, would_pass=passes)


def trigger_side(question: Question) -> Refusals:
    """Refuse a trigger on the wrong side of the market: it would fire at once, or never protect.

    A stop sells below and buys above the market, a take profit the other way round.
    """
    proposed = question.proposed
    reference = proposed.reference
    if reference is None or proposed.stop_price is None or not usable_price(reference.price):
        return NONE
    if proposed.type in {"market", "limit"}:
        return NONE
    wants_above = _triggers_above(proposed)
    if (
        proposed.stop_price == reference.price
        or (proposed.stop_price > reference.price) is not wants_above
    ):
        words = f"{'>' if wants_above else '<'} {reference.price}"
        return refuse(
            "TRIGGER_WRONG_SIDE", limit=reference.price, value=proposed.stop_price, would_pass=words
        )
    return NONE


def _triggers_above(proposed: ProposedOrder) -> bool:
    """Return whether the trigger lies above the market; a trailing stop starts in profit."""
    is_stop = proposed.type in {"stop_market", "stop_limit"}
    return is_stop is (proposed.side == "buy")


def at_venue(question: Question) -> Refusals:
    """Refuse what the venue lacks and the desk does not imitate: `NOT_AT_THIS_VENUE`."""
    proposed, around = question.proposed, question.around
    if not around.venue:
        return NONE
    row = capability(venue=around.venue, kind=around.kind)
    wanted = [proposed.type, proposed.time_in_force]
    wanted += ["post_only"] if proposed.post_only else []
    wanted += ["reduce_only"] if proposed.reduce_only else []
    return tuple(
        Refusal("NOT_AT_THIS_VENUE", {"venue": around.venue, "kind": around.kind, "feature": name})
        for name in wanted
        if row.how(name) is How.REFUSED
    )
