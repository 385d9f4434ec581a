"""The opening of an account's books."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from apps.reconciliation.actions.post_opening import post_opening


def open_ledger(*, account_id: UUID, balances: Mapping[str, Decimal]) -> bool:
    """Post what the account held before the first order; the books must be empty."""
    return post_opening(account_id=account_id, venue=balances, book={})
