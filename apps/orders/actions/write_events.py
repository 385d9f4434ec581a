"""Append steps of orders' lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

_INSERT: Final = """
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT e.order_id, %s, e.before, e.after, e.cause, e.detail
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[])
    WITH ORDINALITY e(order_id, before, after, cause, detail, place)
ORDER BY e.place
"""


@dataclass(frozen=True, slots=True)
class Happening:
    """One step of one order and its cause."""

    order_id: UUID
    before: str
    after: str
    cause: str
    detail: dict[str, Any] = field(default_factory=dict)


def write_events(*, happenings: Sequence[Happening], at: datetime) -> None:
    """Append `happenings`, all at `at` (real time), in the order given."""
    if not happenings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                at,
                [h.order_id for h in happenings],
                [h.before for h in happenings],
                [h.after for h in happenings],
                [h.cause[:64] for h in happenings],
                [Jsonb(h.detail) for h in happenings],
            ],
        )
