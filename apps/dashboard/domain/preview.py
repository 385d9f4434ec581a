"""A proposal, as the actions' dry run answers it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.dashboard.domain import formats
from apps.dashboard.domain.terms import order_words

_NUMBERS: Final = ("amount", "price", "stop_price", "trailing_rate", "worst_price", "reference")
_PURPOSES: Final = {
    "entry": "It opens or adds: an entry, judged by every limit.",
    "reduce": "It takes away from what is held: an exit.",
}
_EXITS: Final = {
    "stop_price": "Stop for {held}: {value}.",
    "target_price": "Target for {held}: {value}.",
    "trailing_rate": "Stop that trails {held} by {value}.",
}


def placed_lines(
    proposal: Mapping[str, Any], *, symbol: str, tick: Decimal, reserved: str = "", quote: str = ""
) -> list[str]:  # fmt: skip
    """Return an order's proposal as lines; `reserved` in quote units, as text."""
    terms = dict(proposal)
    for name in _NUMBERS:
        if terms.get(name) is not None:
            terms[name] = Decimal(str(terms[name]))
    if terms.get("expires_at"):
        terms["expires_at"] = datetime.fromisoformat(str(terms["expires_at"]))
    lines = [f"{order_words(terms, symbol=symbol, tick=tick)}."]
    lines += [words for key, words in _PURPOSES.items() if terms.get("purpose") == key]
    if terms.get("worst_price") is not None:
        lines.append(f"Slippage guard: not worse than {formats.price(terms['worst_price'], tick)}.")
    if terms.get("reference") is not None:
        age = formats.age(terms.get("reference_age_seconds"))
        lines.append(
            f"Judged at the last price {formats.price(terms['reference'], tick)}, {age} old."
        )
    if reserved and Decimal(reserved):
        lines.append(f"It would reserve {formats.number(Decimal(reserved))} {quote}.")
    return lines


def exit_lines(terms: Mapping[str, str], *, tick: Decimal, held: str = "what is held") -> list[str]:
    """Return the exits of a group (terms as text) as lines; `held` names what they cover."""
    lines = []
    for name, words in _EXITS.items():
        if name in terms:
            value = Decimal(terms[name])
            is_rate = name == "trailing_rate"
            told = formats.percent(value, 2) if is_rate else formats.price(value, tick)
            lines.append(words.format(held=held, value=told))
    return [*lines, f"They cover {held}, and share one remaining amount."]
