"""Post what an account held before we kept its books."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from apps.core.clock import now
from apps.marketdata.clock import market_now
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.post_entries import Posting, post_entries
from apps.portfolio.domain.ledger import lines_of_transfer


def open_ledger(*, account_id: UUID, balances: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Post opening entries for assets that the ledger has never seen; return what was posted.

    `balances` is the venue's total per asset, read before the desk's first order in it. An asset
    with lines of any kind is left alone: from then on only fills and transfers move it.
    """
    with transaction.atomic():
        absorb_lock(account_id=account_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT asset FROM portfolio_balance WHERE account_id = %s", [account_id]
            )
            known = {row[0] for row in cursor.fetchall()}
        opening = {a: v for a, v in sorted(balances.items()) if a not in known and v}
        at = market_now()
        postings = [
            Posting("opening", at, lines_of_transfer(asset=asset, amount=amount))
            for asset, amount in opening.items()
        ]
        post_entries(account_id=account_id, postings=postings, at=now())
    return opening
