"""Numbers and times as every page and every live value writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

MISSING: Final = "–"
UNKNOWN: Final = "?"
MINUS: Final = "−"
TIED: Final = "\u00a0"
# What a live node shows: `t` text, `tone`, or `v` and `max` of a bar, or `at` (epoch ms) of an age.
Cell = dict[str, Any]


def places(step: Decimal | None) -> int:
    """Return how many decimal places a tick or step has; 2 without one."""
    if not step:
        return 2
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 2


def number(value: Decimal | None, digits: int = 2) -> str:
    """Return `value` with thousands separators, a true minus and `digits` places."""
    if value is None:
        return MISSING
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = f"{abs(rounded):,.{digits}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def price(value: Decimal | None, tick: Decimal | None) -> str:
    """Return a price to the tick."""
    return number(value, places(tick))


def amount(value: Decimal | None, step: Decimal | None) -> str:
    """Return an amount in base units to the step."""
    return number(value, places(step))


def signed(value: Decimal | None, digits: int = 2) -> str:
    """Return a profit with its sign and glyph: `▲ +1.20`, `▼ −0.40`, `0.00`."""
    if value is None:
        return MISSING
    text = number(abs(value), digits)
    if not any(digit in text for digit in "123456789"):
        return text
    return f"▲{TIED}+{text}" if value > 0 else f"▼{TIED}{MINUS}{text}"


def tone(value: Decimal | None) -> str:
    """Return the tone of a profit: up, down or nothing."""
    if not value:
        return ""
    return "up" if value > 0 else "down"


def percent(value: Decimal | None, digits: int = 0) -> str:
    """Return a fraction as percent."""
    return MISSING if value is None else f"{number(value * 100, digits)} %"


def utc(moment: datetime | date | None) -> str:
    """Return a time as `2026-11-20 09:18:42`, a day as `2026-11-20`."""
    if moment is None:
        return MISSING
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return moment.isoformat()


def utc_ms(moment: datetime | None) -> str:
    """Return a time with its milliseconds, for steps that follow each other within a second."""
    if moment is None:
        return MISSING
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def age(seconds: float | None) -> str:
    """Return an age as `48 s`, `12 min`, `3 h`, `9 d`."""
    if seconds is None:
        return MISSING
    for limit, unit, word in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{int(max(0, seconds) // unit)} {word}"
    return f"{int(seconds // 86_400)} d"


def plain_cell(text: str, shade: str = "") -> Cell:
    """Return a live text."""
    return {"t": text, "tone": shade} if shade else {"t": text}


def profit_cell(value: Decimal | None, digits: int = 2) -> Cell:
    """Return a live profit: sign, glyph and tone."""
    return plain_cell(signed(value, digits), tone(value))


def bar_cell(used: Decimal | None, limit: Decimal | None) -> Cell:
    """Return a live bar; warned from 75 %, bad from 90 % of the limit."""
    if used is None or not limit:
        return {"v": 0, "max": 1}
    share = float(used / limit)
    shade = "bad" if share >= 0.9 else "warn" if share >= 0.75 else ""
    cell: Cell = {"v": round(min(1.0, max(0.0, share)), 4), "max": 1}
    return cell | {"tone": shade} if shade else cell


def age_cell(moment: datetime | None, shade: str = "") -> Cell:
    """Return a live age that the page counts on by itself."""
    if moment is None:
        return plain_cell(MISSING)
    cell: Cell = {"at": round(moment.timestamp() * 1000)}
    return cell | {"tone": shade} if shade else cell
