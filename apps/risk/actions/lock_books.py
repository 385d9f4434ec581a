"""Lock what exposure is judged under: the desk's row first, then the account's."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from apps.core.errors import DeskError

LOCK = "SELECT id FROM risk_riskbook WHERE scope_kind = %s AND scope_id = %s FOR UPDATE"
MAKE = "INSERT INTO risk_riskbook (scope_kind, scope_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"


class BooksOutsideTransaction(DeskError):
    """Row locks outside a transaction would be gone at once."""

    default_code = "BOOKS_OUTSIDE_TRANSACTION"
    status = 500


def lock_books(*, account_id: UUID) -> None:
    """Hold the desk's and then the account's book until the caller's transaction ends.

    Read exposure again after this returns. The account's row is made at its first use.

    :raises BooksOutsideTransaction: without an open transaction.
    """
    if not connection.in_atomic_block:
        raise BooksOutsideTransaction(account=str(account_id))
    with connection.cursor() as cursor:
        for book in (("desk", ""), ("account", str(account_id))):
            cursor.execute(LOCK, book)
            if cursor.fetchone() is None:
                cursor.execute(MAKE, book)
                cursor.execute(LOCK, book)
