"""Delete what crossed the wire long ago."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from apps.core.clock import now
from apps.core.statements import run

KEPT: Final = timedelta(days=30)
CHUNK: Final = 10_000
_FORGET: Final = """
DELETE FROM orders_wirecall WHERE id IN (
    SELECT id FROM orders_wirecall WHERE at < %(before)s LIMIT %(chunk)s) RETURNING 1
"""


def forget_calls() -> int:
    """Delete calls older than 30 days, in pieces that lock little; return how many."""
    deleted = 0
    while True:
        gone = len(run(_FORGET, {"before": now() - KEPT, "chunk": CHUNK}))
        deleted += gone
        if gone < CHUNK:
            return deleted
