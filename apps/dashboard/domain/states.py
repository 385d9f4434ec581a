"""Glyph, word and tone of every state that a page shows: colour is never alone."""

from __future__ import annotations

from typing import Final

# word of a state -> (glyph, label, tone)
BADGES: Final[dict[str, tuple[str, str, str]]] = {
    # bots
    "draft": ("○", "Draft", ""),
    "running": ("●", "Running", "ok"),
    "paused": ("❚❚", "Paused", "warn"),
    "stopped": ("■", "Stopped", ""),
    "failed": ("✕", "Failed", "bad"),
    # trading states
    "active": ("●", "Active", "ok"),
    "reducing": ("▽", "Reducing", "warn"),
    "halted": ("✕", "Halted", "bad"),
    # stages
    "paper": ("○", "Paper", ""),
    "testnet": ("○", "Testnet", "info"),
    "small_capital": ("●", "SMALL CAPITAL", "money"),
    "mainnet": ("●", "MAINNET", "money"),
    # environments
    "simulated": ("○", "Simulated", ""),
    "live": ("●", "LIVE", "money"),
    # orders
    "created": ("○", "Created", ""),
    "submitted": ("◌", "Submitted", "info"),
    "unknown": ("?", "Unknown", "bad"),
    "open": ("○", "Open", "info"),
    "partially_filled": ("◐", "Partly filled", "warn"),
    "pending_cancel": ("◌", "Cancelling", "warn"),
    "filled": ("✓", "Filled", "ok"),
    "canceled": ("–", "Canceled", ""),
    "expired": ("–", "Expired", ""),
    "rejected": ("✕", "Rejected", "bad"),
    "withdrawn": ("–", "Withdrawn", ""),
    "done": ("✓", "Done", "ok"),
    # change requests
    "in_review": ("◌", "In review", "info"),
    "approved": ("✓", "Approved", "ok"),
    "applying": ("◌", "Applying", "info"),
    "applied": ("✓", "Applied", "ok"),
    "voided": ("✕", "Voided", "bad"),
    # votes and gates
    "approve": ("✓", "Approves", "ok"),
    "reject": ("✕", "Rejects", "bad"),
    "pass": ("✓", "Pass", "ok"),
    "fail": ("✕", "Fail", "bad"),
    "inconclusive": ("?", "Not proven", "warn"),
    "not run": ("?", "Not run", "warn"),
    # cases and severities
    "healed": ("✓", "Healed", "ok"),
    "resolved": ("✓", "Resolved", "ok"),
    "info": ("i", "Info", "info"),
    "warning": ("!", "Warning", "warn"),
    "critical": ("✕", "Critical", "bad"),
    "equal": ("✓", "Equal", "ok"),
    "differs": ("✕", "Differs", "bad"),
    "unreadable": ("?", "Unreadable", "warn"),
    "approval": ("◌", "Approval", "info"),
    # purposes
    "entry": ("→", "Entry", "info"),
    "reduce": ("←", "Reduce", ""),
    "protect": ("◆", "Protect", "ok"),
    "flatten": ("⇤", "Flatten", "warn"),
    # cycles
    "ORDERED": ("→", "Ordered", "ok"),
    "HOLD": ("–", "Held", ""),
    "REFUSED": ("✕", "Refused", "warn"),
    "FAILED": ("✕", "Failed", "bad"),
    "NO_DATA": ("?", "No data", "warn"),
    # what a check of the system says
    "ok": ("✓", "Ok", "ok"),
    "too few": ("–", "Too few orders", ""),
    "late": ("!", "Late", "warn"),
    "missing": ("✕", "Missing", "bad"),
    "allowed": ("✓", "Allowed", "ok"),
    "denied": ("✕", "Denied", "bad"),
    "not_judged": ("–", "Not judged", ""),
}
STAGE_WORDS: Final[dict[str, str]] = {
    "paper": "Paper",
    "testnet": "Testnet",
    "small_capital": "Small capital",
    "mainnet": "Mainnet",
}
PROBLEM_ORDER: Final = ("failed", "halted", "reducing", "paused", "running", "stopped", "draft")


def badge(state: str) -> tuple[str, str, str]:
    """Return glyph, label and tone; a state that is not listed shows as its own word."""
    return BADGES.get(state, ("·", state.replace("_", " ").capitalize(), ""))
