"""Close facts whose consequences are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import connection

_CLOSE: Final = """
UPDATE orders_venuefact f SET result = c.result, absorbed_at = %s
FROM unnest(%s::bigint[], %s::text[]) c(id, result) WHERE f.id = c.id
"""


def close_facts(*, results: Mapping[int, str], waiting: Sequence[int], at: datetime) -> None:
    """Close facts with their results; `waiting` ones stay open and say so."""
    with connection.cursor() as cursor:
        if results:
            cursor.execute(_CLOSE, [at, list(results), list(results.values())])
        if waiting:
            cursor.execute(
                "UPDATE orders_venuefact SET result = 'waiting'"
                " WHERE id = ANY(%s) AND result <> 'waiting'",
                [list(waiting)],
            )
