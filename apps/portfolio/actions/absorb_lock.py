"""One writer of an account's books at a time."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def absorb_lock(*, account_id: UUID) -> None:
    """Wait to be the only one who writes the account's fills, positions and ledger.

    The lock ends with the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('portfolio.absorb:' || %s, 0))",
            [str(account_id)],
        )
