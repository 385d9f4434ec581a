"""Note when the venue was last asked about orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection


def mark_asked(*, order_ids: Sequence[UUID], at: datetime) -> None:
    """Set `asked_at` (real time) of these orders."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_order o SET asked_at = %s FROM (SELECT id FROM orders_order"
            " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) w WHERE o.id = w.id",
            [at, list(order_ids)],
        )
