"""Post balanced entries to the journal and carry their `venue` lines to the balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.ids import new_id
from apps.portfolio.domain.ledger import Line, venue_change

_ENTRIES: Final = """
INSERT INTO portfolio_journalentry (account_id, posted_at, id, kind, fill_id, note, at)
SELECT %s, %s, e.* FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::timestamptz[]) e
"""
_LINES: Final = """
INSERT INTO portfolio_journalline (account_id, entry_id, book, asset, amount)
SELECT %s, l.* FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::numeric[]) l
"""
_BALANCES: Final = """
INSERT INTO portfolio_balance AS b (account_id, updated_at, asset, amount)
SELECT %s, %s, c.* FROM unnest(%s::text[], %s::numeric[]) c
ON CONFLICT (account_id, asset) DO UPDATE SET amount = b.amount + excluded.amount,
    updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry with its lines; `at` is market time."""

    kind: str
    at: datetime
    lines: list[Line]
    fill_id: UUID | None = None
    note: str = ""


def post_entries(*, account_id: UUID, postings: Sequence[Posting], at: datetime) -> None:
    """Post `postings` in the caller's transaction; entries without lines are left out."""
    filled = [(new_id(), posting) for posting in postings if posting.lines]
    if not filled:
        return
    lines = [(entry_id, line) for entry_id, posting in filled for line in posting.lines]
    changes = sorted(venue_change(line for _, line in lines).items())
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTRIES,
            [
                account_id,
                at,
                [entry_id for entry_id, _ in filled],
                [posting.kind for _, posting in filled],
                [posting.fill_id for _, posting in filled],
                [posting.note for _, posting in filled],
                [posting.at for _, posting in filled],
            ],
        )
        cursor.execute(
            _LINES,
            [
                account_id,
                [entry_id for entry_id, _ in lines],
                [line.book for _, line in lines],
                [line.asset for _, line in lines],
                [line.amount for _, line in lines],
            ],
        )
        cursor.execute(
            _BALANCES,
            [account_id, at, [asset for asset, _ in changes], [amount for _, amount in changes]],
        )
