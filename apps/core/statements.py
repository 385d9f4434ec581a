"""Statements of the hot paths: one round trip, planned once for each connection.

Django's cursors write parameters into the text, so PostgreSQL parses and plans each call anew;
here the server keeps the plan. Same connection and transaction as the ORM.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, Final

import orjson
import psycopg
from django.db import connection, transaction

NEVER_BY_ITSELF: Final = 2**31


def run(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement with named `values` and return its rows.

    Outside a transaction it commits by itself.

    :raises django.db.Error: whatever the database refuses.
    """
    connection.ensure_connection()
    if connection.connection.prepare_threshold is None:
        # Django turns prepared statements off; only those that ask for it are prepared
        connection.connection.prepare_threshold = NEVER_BY_ITSELF
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "prepared"})
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall() if cursor.description else []


def rows_as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as one JSON text: one parameter, cheaper to pack than an array a column.

    Decimals go as text, so that they stay exact.
    """
    return orjson.dumps(list(rows), default=_exact).decode()


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def alone() -> AbstractContextManager[Any]:
    """Return a context in which one statement commits durably when it ends.

    Needs no transaction of its own where none is open; refuses to run inside another.

    :raises RuntimeError: inside a transaction, whose commit would come too late.
    """
    return transaction.atomic(durable=True) if connection.in_atomic_block else nullcontext()
