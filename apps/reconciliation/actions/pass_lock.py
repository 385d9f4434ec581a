"""One comparison of a kind and account at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from uuid import UUID

from apps.core.locks import session_lock


def pass_lock(*, account_id: UUID, kind: str) -> AbstractContextManager[bool]:
    """Try to be the one that compares and yield whether we are."""
    return session_lock(f"reconciliation:{kind}:{account_id}")
