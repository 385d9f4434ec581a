"""Who does it: session locks of PostgreSQL, which die with the connection that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def session_lock(name: str) -> Iterator[bool]:
    """Try to hold the lock called `name` and yield whether we do; never wait for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def give_up_locks_after(cursor: Any, *, milliseconds: int) -> None:
    """Let this transaction fail with OperationalError when a lock takes longer than that.

    For changes of a table that is in use: everybody who comes later queues behind whoever waits.
    """
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])
