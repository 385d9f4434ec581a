"""A decision as the JSON texts that its cycle row keeps."""

from __future__ import annotations

import json
from functools import lru_cache

from apps.core.domain.money import ZERO, plain
from apps.trading.domain.batch import Price
from apps.trading.domain.wishes import Decision, Wish


def decision_text(decision: Decision, prices: dict[int, Price]) -> str:
    """Return the rest of a decision's JSON object, after its bot: status, outcome, seen, …"""
    status = "failed" if decision.failed else "done"
    return (
        f'"status":"{status}","outcome":"{outcome(decision)}","seen":{seen_text(decision, prices)},'
        f'"wanted":{wanted_text(decision)},"codes":{codes_text(decision) or "null"}}}'
    )


def outcome(decision: Decision) -> str:
    """Return the cycle's outcome in one word."""
    if decision.failed:
        return "FAILED"
    if decision.ordered:
        return "ORDERED"
    if decision.refused:
        return "REFUSED"
    stale = [wish for wish in decision.wishes if any(c["code"] == "STALE_DATA" for c in wish.codes)]
    return "NO_DATA" if stale and len(stale) == len(decision.wishes) else "HOLD"


def seen_text(decision: Decision, prices: dict[int, Price]) -> str:
    """Return per symbol: close, its age in seconds, what is held, what is wanted of it."""
    return (
        "{"
        + ",".join([_seen(wish, prices.get(wish.instrument.id)) for wish in decision.wishes])
        + "}"
    )


def _seen(wish: Wish, price: Price | None) -> str:
    held = "0" if wish.held.amount == ZERO else plain(wish.held.amount)
    close, age = ("null", "null") if price is None else _price_text(price)
    return (
        f'{wish.instrument.symbol_json}:{{"close":{close},"age":{age},'
        f'"held":"{held}","exposure":{_number(wish.exposure)}}}'
    )


@lru_cache(maxsize=1024)
def _price_text(price: Price) -> tuple[str, str]:
    return f'"{plain(price.price)}"', f"{price.age_seconds:.3f}"


def wanted_text(decision: Decision) -> str:
    """Return per symbol: exposure, target, delta, action and the order it led to."""
    return "{" + ",".join([_wanted(wish) for wish in decision.wishes]) + "}"


def _wanted(wish: Wish) -> str:
    target = wish.new_target or wish.target
    amount = "0" if target.amount == ZERO else plain(target.amount)
    delta = "0" if wish.delta == ZERO else plain(wish.delta)
    order = "" if wish.order is None else f',"order":{json.dumps(wish.order)}'
    return (
        f'{wish.instrument.symbol_json}:{{"exposure":{_number(wish.exposure)},"target":"{amount}",'
        f'"delta":"{delta}","action":"{wish.action}"{order}}}'
    )


def _number(value: float) -> str:
    """Return a float as JSON; no opinion (NaN) is null."""
    return "null" if value != value else repr(value)  # noqa: PLR0124


def codes_text(decision: Decision) -> str | None:
    """Return every code with its symbol and values, or None when there is none."""
    codes = list(decision.codes)
    for wish in decision.wishes:
        if wish.codes:
            codes += [{"symbol": wish.instrument.symbol, **code} for code in wish.codes]
    return json.dumps(codes, default=str) if codes else None
