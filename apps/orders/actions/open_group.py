"""Tie the exits of a position together: one group, one remaining amount."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.clock import now
from apps.core.ids import new_id

_OPEN: Final = """
INSERT INTO orders_ordergroup (id, account_id, bot_id, instrument_id, kind, state, is_native,
    venue_list_id, side, terms, requested_by, reason, created_at)
VALUES (%s, %s, %s, %s, %s, 'open', %s, '', %s, %s::jsonb, %s, %s, %s)
ON CONFLICT (bot_id, instrument_id) WHERE state = 'open' DO NOTHING
RETURNING id
"""
_TIE: Final = "UPDATE orders_ordergroup SET is_native = %s WHERE id = %s AND is_native <> %s"


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """A group about to be opened; `terms` as text: stop_price, target_price, trailing_rate."""

    account_id: UUID
    bot_id: UUID
    instrument_id: int
    kind: str
    side: str
    is_native: bool = False
    terms: Mapping[str, str] = field(default_factory=dict)
    requested_by: str = ""
    reason: str = ""
    id: UUID | None = None


def open_group(*, draft: GroupDraft) -> UUID | None:
    """Open a group in the caller's transaction; None when the pair has an open one already."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            (
                draft.id or new_id(), draft.account_id, draft.bot_id, draft.instrument_id, draft.kind,
                draft.is_native, draft.side, json.dumps(dict(draft.terms)), draft.requested_by,
                draft.reason, now(),
            ),
        )  # fmt: skip
        row = cursor.fetchone()
    return row[0] if row else None


def tie_group(*, group_id: UUID, is_native: bool) -> None:
    """Note whether the venue itself ties the legs, as is known once they are made."""
    with connection.cursor() as cursor:
        cursor.execute(_TIE, [is_native, group_id, is_native])
