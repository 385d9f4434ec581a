"""An order's terms as a trader says them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apps.core.domain.money import plain
from apps.dashboard.domain import formats

TYPE_WORDS: Final[dict[str, str]] = {
    "market": "Market",
    "limit": "Limit",
    "stop_market": "Stop, then market",
    "stop_limit": "Stop, then limit",
    "take_profit_market": "Take profit, then market",
    "take_profit_limit": "Take profit, then limit",
    "trailing_stop_market": "Trailing stop",
}
TIME_WORDS: Final[dict[str, str]] = {
    "GTC": "good till cancelled",
    "IOC": "immediate or cancel",
    "FOK": "fill or kill",
    "GTD": "good till date",
}
ORIGIN_WORDS: Final[dict[str, str]] = {
    "cycle": "A decision of the strategy",
    "protect": "Protection of what is held",
    "manual": "By hand",
    "timeout": "An order that went unfilled for too long",
    "halt": "A halt that closes positions",
    "venue": "The venue itself, not us",
}
GROUP_WORDS: Final[dict[str, str]] = {"oco": "OCO pair", "bracket": "Bracket"}


def role_of(*, purpose: str, type: str) -> str:  # noqa: A002 - the column's name
    """Return which part an exit plays: stop, target or trailing stop; else the purpose."""
    if purpose != "protect":
        return purpose
    if type == "trailing_stop_market":
        return "trailing stop"
    return "target" if type in {"limit", "take_profit_market", "take_profit_limit"} else "stop"


def trigger_words(order: Mapping[str, Any], tick: Decimal | None) -> str:
    """Return what sets the order off: `stop 95.00`, `trails 1.00 % from 120.00`; "" for nothing."""
    stop, rate = order.get("stop_price"), order.get("trailing_rate")
    if rate is not None:
        start = f" from {formats.price(stop, tick)}" if stop is not None else ""
        return f"trails {formats.percent(rate, 2)}{start}"
    if stop is None:
        return ""
    word = "touch" if str(order.get("type", "")).startswith("take_profit") else "stop"
    return f"{word} {formats.price(stop, tick)}"


def flag_words(order: Mapping[str, Any]) -> str:
    """Return the flags: `post only, reduce only`."""
    flags = [name.replace("_", " ") for name in ("post_only", "reduce_only") if order.get(name)]
    return ", ".join(flags)


def order_words(terms: Mapping[str, Any], *, symbol: str, tick: Decimal | None) -> str:
    """Return terms (Decimals) as one sentence: `Buy 0.5 BTC/USDT, limit 100.00, good till cancelled`."""
    kind = str(terms["type"])
    words = [f"{str(terms['side']).capitalize()} {plain(terms['amount'])} {symbol}"]
    name = TYPE_WORDS[kind].lower()
    price = terms.get("price")
    words.append(f"{name} {formats.price(price, tick)}" if price is not None else name)
    words += [part for part in (trigger_words(terms, tick),) if part]
    words.append(TIME_WORDS[str(terms.get("time_in_force") or "GTC")])
    if terms.get("expires_at"):
        words[-1] += f" {formats.utc(terms['expires_at'])} UTC"
    words += [part for part in (flag_words(terms),) if part]
    return ", ".join(words)
