"""One sending process an account: a session lock that dies with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection

_KEY: Final = "hashtextextended('orders.send:' || %s, 0)"


@contextmanager
def send_lock(*, account_id: UUID) -> Iterator[bool]:
    """Try to be the account's sender and yield whether we are.

    Whoever has the lock knows that no other process is between claim and answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_KEY})", [str(account_id)])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({_KEY})", [str(account_id)])
