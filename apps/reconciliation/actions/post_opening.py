"""Post what an account held before the desk's first order in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.core.domain.money import ZERO
from apps.marketdata.clock import market_now
from apps.portfolio.actions.absorb_lock import absorb_lock
from apps.portfolio.actions.post_entries import Posting, post_entries
from apps.portfolio.domain.ledger import lines_of_transfer
from apps.portfolio.models import JournalEntry
from apps.portfolio.queries import balances


def post_opening(
    *, account_id: UUID, venue: Mapping[str, Decimal], book: Mapping[str, Decimal]
) -> bool:
    """Post venue − book per asset once for an account; return whether it was posted.

    `book` is what the ledger held when the venue was asked: when it has moved since, or an opening
    is there already, nothing is posted. Fills that were booked before are thus left out.
    """
    with transaction.atomic():
        absorb_lock(account_id=account_id)
        known = JournalEntry.objects.filter(account_id=account_id, kind="opening").exists()
        if known or balances(account_id=account_id) != book:
            return False
        opening = {
            asset: amount - book.get(asset, ZERO)
            for asset, amount in sorted(venue.items())
            if amount > book.get(asset, ZERO)
        }
        at = market_now()
        postings = [
            Posting("opening", at, lines_of_transfer(asset=asset, amount=amount))
            for asset, amount in opening.items()
        ]
        post_entries(account_id=account_id, postings=postings, at=now())
    return bool(opening)


def has_opening(account_id: UUID) -> bool:
    """Return whether the account's opening was posted."""
    return JournalEntry.objects.filter(account_id=account_id, kind="opening").exists()
