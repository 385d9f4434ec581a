"""Take the next number of an account's claim counter."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from apps.core.statements import run

_NEXT: Final = """
INSERT INTO orders_sendfence (account_id, fence) VALUES (%(account)s, 1)
ON CONFLICT (account_id) DO UPDATE SET fence = orders_sendfence.fence + 1
RETURNING fence
"""


def next_fence(*, account_id: UUID) -> int:
    """Return a fence above all that were taken; who holds a lower one writes no state any more."""
    return int(run(_NEXT, {"account": account_id})[0][0])
