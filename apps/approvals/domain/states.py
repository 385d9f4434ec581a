"""States of a change request."""

from __future__ import annotations

from typing import Final

STEPS: Final[dict[str, frozenset[str]]] = {
    "in_review": frozenset({"approved", "rejected", "withdrawn", "expired", "voided"}),
    "approved": frozenset({"applying", "withdrawn", "expired", "voided"}),
    "applying": frozenset({"applied", "failed", "voided"}),
    "applied": frozenset(),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
    "expired": frozenset(),
    "voided": frozenset(),
    "failed": frozenset(),
}
STATES: Final = tuple(STEPS)
OPEN: Final = frozenset({"in_review", "approved", "applying"})
