"""What the answer to a sent order makes of it."""

from __future__ import annotations

from typing import Final

# Proofs that nothing happened and that say nothing against the order: it may go out again.
RETRYABLE: Final = frozenset(
    {
        "NEVER_SENT", "RATE_LIMITED", "PERMIT_UNAVAILABLE", "PERMIT_EXPIRED", "OLD_BUILD",
        "MARKETS_UNREADABLE", "NOT_AT_VENUE",
    }
)  # fmt: skip


def is_retryable(reason: str) -> bool:
    """Return whether an order that ended with `reason` had no effect and may be queued anew."""
    return reason in RETRYABLE
