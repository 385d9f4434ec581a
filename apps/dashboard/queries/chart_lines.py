"""The price lines of a chart: what is held, what protects it, what rests, what endangers it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from apps.dashboard.domain import formats
from apps.dashboard.domain.terms import role_of, trigger_words
from apps.dashboard.domain.trailing import Bar, trailing_level
from apps.dashboard.queries.positions import Holding

Line = dict[str, Any]
# kind of a line -> (glyph, tone, dash); dash 0 solid, 1 dotted, 2 dashed, 3 long dashes, 4 sparse dots
LOOKS: Final[dict[str, tuple[str, str, int]]] = {
    "entry": ("●", "text-2", 0),
    "mark": ("–", "text-2", 1),
    "stop": ("◆", "down", 2),
    "trailing stop": ("◈", "down", 3),
    "trailing starts": ("◈", "text-2", 4),
    "target": ("◇", "up", 2),
    "liquidation": ("✕", "bad", 0),
    "buy": ("▲", "up", 1),
    "sell": ("▼", "down", 1),
}


def chart_lines(
    *, held: Holding | None, resting: Sequence[dict[str, Any]], candles: Sequence[Bar], since: int
) -> tuple[list[Line], str]:
    """Return the lines, and the chart in words; prices are numbers for pixels, texts are exact."""
    is_held = held is not None and not held.is_flat
    lines = _of_holding(held) if held is not None and is_held else []
    for order in resting:
        lines += _of_order(order, candles, since if is_held else 0)
    words = ["no position"]
    if held is not None and is_held and held.entry is not None:
        amount = formats.amount(held.amount, held.step)
        entry = formats.price(held.entry, held.tick)
        words = [f"position {amount} {held.base} from {entry}", held.protection]
        if held.is_linear and held.liquidation is not None:
            words.append(f"liquidation {held.danger}")
        if held.source_venue:
            words.append(f"price from {held.source_venue}")
    words += [line["words"] for line in lines if line["kind"] == "trailing stop"]
    words.append(f"{len(resting)} open order{'' if len(resting) == 1 else 's'}")
    return lines, "; ".join(words)


def _line(kind: str, price: Decimal | float, title: str, words: str) -> Line:
    glyph, tone, dash = LOOKS[kind]
    return {"kind": kind, "price": float(price), "title": title, "glyph": glyph, "tone": tone,
            "dash": dash, "words": words}  # fmt: skip


def _of_holding(held: Holding) -> list[Line]:
    lines = []
    known = [("entry", held.entry)]
    if held.is_linear:
        known += [("mark", held.mark), ("liquidation", held.liquidation)]
    for kind, price in known:
        if price is not None:
            lines.append(_line(kind, price, kind, f"{kind} {formats.price(price, held.tick)}"))
    return lines


def _of_order(order: dict[str, Any], candles: Sequence[Bar], since: int) -> list[Line]:
    tick, role = order["tick"], role_of(purpose=order["purpose"], type=order["type"])
    if order["trailing_rate"] is not None:
        return _trailing(order, candles, since)
    price = order["price"] if role == "target" and order["stop_price"] is None else order["stop_price"] or order["price"]  # fmt: skip
    if price is None:
        return []
    if role in {"stop", "target"}:
        return [_line(role, price, role, f"{role} {formats.price(price, tick)}")]
    amount = formats.amount(order["amount"], order["step"])
    trigger = trigger_words(order, tick)
    told = f"{order['side']} {amount} at {formats.price(order['price'] or price, tick)}"
    words = f"{told}, {trigger}" if trigger else told
    return [_line(order["side"], price, amount, words)]


def _trailing(order: dict[str, Any], candles: Sequence[Bar], since: int) -> list[Line]:
    rate, side, tick = order["trailing_rate"], order["side"], order["tick"]
    level = trailing_level(
        side=side, rate=rate, activation=order["stop_price"], candles=candles, since=since
    )
    told = formats.percent(rate, 2)
    if level is None:
        start = order["stop_price"]
        if start is None:
            return []
        words = f"trailing stop of {told} starts at {formats.price(start, tick)}"
        return [_line("trailing starts", start, f"trails {told} from here", words)]
    last = float(candles[-1][4])
    away = formats.percent(Decimal(repr(abs(last - level) / last)), 2) if last else formats.MISSING
    near = formats.price(Decimal(repr(level)), tick)
    words = f"trailing stop of {told} about {near}, {away} away"
    return [_line("trailing stop", level, f"≈ trails {told}", words)]
