"""One sending process an account."""

from __future__ import annotations

from contextlib import AbstractContextManager
from uuid import UUID

from apps.core.locks import session_lock


def send_lock(*, account_id: UUID) -> AbstractContextManager[bool]:
    """Try to be the account's sender and yield whether we are.

    Whoever has the lock knows that no other process is between claim and answer.
    """
    return session_lock(f"orders.send:{account_id}")
