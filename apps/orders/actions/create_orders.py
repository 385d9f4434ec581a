"""Record judged orders, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from apps.core.errors import DeskError
from apps.core.ids import new_id
from apps.core.statements import run
from apps.orders.domain.client_ids import client_order_id
from apps.orders.domain.drafts import OrderDraft

# column -> PostgreSQL type, in the order of `_row`
_COLUMNS: Final = {
    "id": "uuid", "client_order_id": "text", "account_id": "uuid", "bot_id": "uuid",
    "config_id": "uuid", "instrument_id": "int", "verdict_id": "uuid", "cycle_at": "timestamptz",
    "halt_id": "uuid", "replaces_id": "uuid", "purpose": "text", "side": "text", "type": "text",
    "time_in_force": "text", "post_only": "bool", "reduce_only": "bool", "amount": "numeric",
    "price": "numeric", "stop_price": "numeric", "arrival_price": "numeric",
    "send_by": "timestamptz", "decided_at": "timestamptz", "is_amendment": "bool",
    "replaced_filled": "numeric", "group_id": "uuid", "origin": "text", "requested_by": "text",
    "reason": "text", "trailing_rate": "numeric", "worst_price": "numeric",
    "expires_at": "timestamptz", "tend_at": "timestamptz", "position_side": "text",
    "scheduled": "text", "leg": "text", "attempt": "int",
}  # fmt: skip
# Intent before wire needs one flush: the claim's commit waits for the log, and the log holds what
# was recorded before it. A record that a crash of the server takes was never sent, and its cycle
# is due again.
_INSERT: Final = f"""
WITH flush AS (
    SELECT set_config('synchronous_commit', 'off', true) AS done WHERE %(is_flushed_later)s
), recorded AS (
    INSERT INTO orders_order ({", ".join(_COLUMNS)}, status, status_reason, venue_order_id,
        venue_status, venue_filled, filled, cost, fence)
    SELECT d.*, 'created', '', '', '', 0, 0, 0, 0
    FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())}) d
    LEFT JOIN flush ON true
    ON CONFLICT (client_order_id) DO NOTHING
    RETURNING id, decided_at
)
INSERT INTO orders_orderevent (order_id, at, before, after, cause, detail)
SELECT id, now(), '', 'created', 'recorded', '{{}}' FROM recorded ORDER BY decided_at, id
RETURNING order_id
"""  # noqa: S608 - names of columns above


def create_orders(*, drafts: Sequence[OrderDraft]) -> list[UUID]:
    """Record orders in the caller's transaction and return their ids in the order of `drafts`.

    An order that is already recorded (same content, same cycle) is left as it is: its id returns.

    :raises DeskError: `ORDERS_OUTSIDE_TRANSACTION`, since its verdict must commit with it.
    """
    if not connection.in_atomic_block:
        raise DeskError("ORDERS_OUTSIDE_TRANSACTION", orders=len(drafts))
    if not drafts:
        return []
    rows = [_row(draft) for draft in drafts]
    columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    is_flushed_later = all(draft.origin == "cycle" and not draft.attempt for draft in drafts)
    if len(run(_INSERT, columns | {"is_flushed_later": is_flushed_later})) == len(rows):
        return [row[0] for row in rows]
    names = [row[1] for row in rows]
    statement = (
        "SELECT client_order_id, id FROM orders_order WHERE client_order_id = ANY(%(names)s)"
    )
    known = dict(run(statement, {"names": names}))
    return [known[name] for name in names]


def _row(draft: OrderDraft) -> tuple[Any, ...]:
    name = client_order_id(draft=draft, key=settings.DESK_MARK_KEY)
    taken: dict[str, Any] = {"id": new_id(), "client_order_id": name}
    return tuple(taken[c] if c in taken else getattr(draft, c) for c in _COLUMNS)
