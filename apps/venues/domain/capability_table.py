"""The capabilities of all venues as a table."""

from __future__ import annotations

from apps.core.domain.money import plain
from apps.venues.domain.capabilities import CAPABILITIES, FEATURES, Capability, How

WORDS = {How.NATIVE: "yes", How.EMULATED: "by the desk", How.REFUSED: "no"}


def columns() -> list[str]:
    """Return the heads of the table: a feature, then each venue and kind."""
    return ["", *(f"{venue} {kind}" for venue, kind in CAPABILITIES)]


def rows() -> list[list[str]]:
    """Return a row a feature, who does it per venue, and what bounds stop orders."""
    found = [
        [feature, *(WORDS[row.how(feature)] for row in CAPABILITIES.values())]
        for feature in FEATURES
    ]
    found.append(
        ["stop orders a symbol", *(str(row.stop_orders_max) for row in CAPABILITIES.values())]
    )
    found.append(["trailing stop's distance", *(_trailing(row) for row in CAPABILITIES.values())])
    locks = ("yes" if row.stop_locks_balance else "no" for row in CAPABILITIES.values())
    found.append(["a stop locks the balance", *locks])
    return found


def _trailing(row: Capability) -> str:
    """Return the bounds and the step of a trailing stop's distance, in per cent."""
    if row.how("trailing_stop_market") is How.REFUSED:
        return "–"
    least, most, step = (
        plain(rate * 100) for rate in (row.trailing_min, row.trailing_max, row.trailing_step)
    )
    return f"{least}–{most} %, step {step} %"


def markdown() -> str:
    """Return the table as Markdown."""
    lines = [columns(), ["---"] * len(columns()), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def text() -> str:
    """Return the table in columns for a terminal."""
    lines = [columns(), *rows()]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
