"""Trading states and what each allows by purpose."""

from __future__ import annotations

from typing import Final, Literal

TradingState = Literal["active", "reducing", "halted"]
RESTRICTION_SCOPES: Final = ("desk", "stage", "venue", "account", "strategy", "bot", "instrument")
SEVERITY: Final[dict[str, int]] = {"active": 0, "reducing": 1, "halted": 2}
ALLOWED_PURPOSES: Final[dict[str, frozenset[str]]] = {
    "active": frozenset({"entry", "reduce", "protect", "flatten"}),
    "reducing": frozenset({"reduce", "protect", "flatten"}),
    "halted": frozenset({"protect", "flatten"}),
}


def strictest(states: list[str]) -> str:
    """Return the strictest of `states`; none means active."""
    return max(states, key=SEVERITY.__getitem__, default="active")


def permits(*, state: str, purpose: str) -> bool:
    """Return whether `state` allows an order of `purpose`."""
    return purpose in ALLOWED_PURPOSES[state]
