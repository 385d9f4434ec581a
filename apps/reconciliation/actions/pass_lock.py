"""One comparison of a kind and account at a time: a session lock that dies with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection

_KEY: Final = "hashtextextended('reconciliation:' || %s, 0)"


@contextmanager
def pass_lock(*, account_id: UUID, kind: str) -> Iterator[bool]:
    """Try to be the one that compares and yield whether we are."""
    name = f"{kind}:{account_id}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_KEY})", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({_KEY})", [name])
